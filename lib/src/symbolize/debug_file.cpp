#include "symbolize/debug_file.hpp"

#include <fmt/format.h>
#include <lzma.h>

#include <array>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "process/regular_file.hpp"
#include "util/text.hpp"

namespace sonde::symbolize {
namespace {

constexpr std::string_view kDebugRoot = "/usr/lib/debug";
constexpr std::uint64_t kLongestChecksummed = std::uint64_t{4} << 30;

struct DebugLink {
  std::string name;
  std::uint32_t crc = 0;
};

// A file name, its terminator, padding to 4 bytes, then a CRC-32 of the debug file (GDB manual,
// "Separate Debug Files").
std::optional<DebugLink> read_debug_link(const elf::Image& image) {
  constexpr std::uint64_t kLongest = 4096;
  const elf::Section* const section = image.section(".gnu_debuglink");
  if (section == nullptr) return std::nullopt;
  const std::vector<std::byte> bytes =
      image.source().read_range(section->header.sh_offset, section->header.sh_size, kLongest);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  DebugLink link;
  link.name = text.substr(0, text.find('\0'));
  const std::size_t crc_at = (link.name.size() + 4) & ~std::size_t{3};
  const bool is_plain_name = !link.name.empty() && link.name.find('/') == std::string::npos;
  if (!is_plain_name || crc_at + sizeof link.crc > bytes.size()) return std::nullopt;
  std::memcpy(&link.crc, bytes.data() + crc_at, sizeof link.crc);
  return link;
}

bool has_checksum(const ByteSource& file, std::uint32_t wanted) {
  if (file.size() > kLongestChecksummed) return false;
  std::vector<std::byte> bytes(std::size_t{256} * 1024);
  std::uint32_t crc = 0;
  for (std::uint64_t offset = 0; offset < file.size();) {
    const std::size_t got = file.read(offset, bytes);
    if (got == 0) return false;
    crc = ::lzma_crc32(reinterpret_cast<const std::uint8_t*>(bytes.data()), got, crc);
    offset += got;
  }
  return crc == wanted;
}

std::optional<elf::Image> open_elf(const std::string& path) {
  UniqueFd fd = process::open_regular(path);
  if (!fd) return std::nullopt;
  Result<elf::Image> image = elf::Image::open(ByteSource(std::move(fd)));
  if (!image) return std::nullopt;
  return std::move(*image);
}

bool belongs_to(const elf::Image& debug, const elf::Image& image, std::uint32_t crc) {
  if (!image.build_id().empty() && !debug.build_id().empty()) {
    return image.build_id() == debug.build_id();
  }
  return has_checksum(debug.source(), crc);
}

std::string directory_of(std::string_view path) {
  return std::string(path.substr(0, path.rfind('/')));
}

std::optional<DebugFile> open_by_build_id(const std::string& id, const std::string& root) {
  if (id.size() <= 2) return std::nullopt;
  std::string path =
      fmt::format("{}/.build-id/{}/{}.debug", kDebugRoot, id.substr(0, 2), id.substr(2));
  auto debug = open_elf(root + path);
  if (!debug || debug->build_id() != id) return std::nullopt;
  return DebugFile{std::move(*debug), std::move(path)};
}

}  // namespace

std::optional<DebugFile> open_debug_file(const elf::Image& image, const std::string& path,
                                         const std::string& root) {
  if (auto debug = open_by_build_id(image.build_id(), root)) return debug;
  const std::optional<DebugLink> link = read_debug_link(image);
  if (!link || !path.starts_with('/')) return std::nullopt;
  const std::string directory = directory_of(path);
  for (const std::string& candidate : {fmt::format("{}/{}", directory, link->name),
                                       fmt::format("{}/.debug/{}", directory, link->name),
                                       fmt::format("{}{}/{}", kDebugRoot, directory, link->name)}) {
    auto debug = open_elf(root + candidate);
    if (debug && belongs_to(*debug, image, link->crc)) {
      return DebugFile{std::move(*debug), candidate};
    }
  }
  return std::nullopt;
}

// A file name, its terminator, then the build-id of the file (the manual page of dwz). A relative
// name is relative to the folder of the file that it is in.
std::optional<elf::Image> open_alternate_file(const elf::Image& debug, const std::string& path,
                                              const std::string& root) {
  constexpr std::uint64_t kLongest = 4096;
  const elf::Section* const section = debug.section(".gnu_debugaltlink");
  if (section == nullptr) return std::nullopt;
  const std::vector<std::byte> bytes =
      debug.source().read_range(section->header.sh_offset, section->header.sh_size, kLongest);
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string_view name = content.substr(0, content.find('\0'));
  if (name.empty() || name.size() + 1 >= content.size()) return std::nullopt;
  const std::string id = text::to_hex(content.substr(name.size() + 1));
  const std::string candidate =
      name.starts_with('/') ? std::string(name) : fmt::format("{}/{}", directory_of(path), name);
  if (name.starts_with('/') || path.starts_with('/')) {
    auto alternate = open_elf(root + candidate);
    if (alternate && alternate->build_id() == id) return alternate;
  }
  auto alternate = open_by_build_id(id, root);
  if (!alternate) return std::nullopt;
  return std::move(alternate->image);
}

std::optional<elf::Image> open_mini_debuginfo(const elf::Image& image) {
  // The largest that distributions ship expand to about 30 MB.
  constexpr std::size_t kLargest = std::size_t{128} << 20;
  constexpr std::uint64_t kDecoderMemory = std::uint64_t{80} << 20;  // "xz -9" needs 65 MiB
  const elf::Section* const section = image.section(".gnu_debugdata");
  if (section == nullptr || section->header.sh_type == SHT_NOBITS) return std::nullopt;

  lzma_stream stream = LZMA_STREAM_INIT;
  if (::lzma_stream_decoder(&stream, kDecoderMemory, 0) != LZMA_OK) return std::nullopt;
  std::vector<std::byte> in(std::size_t{64} * 1024);
  std::vector<std::byte> out;
  std::uint64_t offset = section->header.sh_offset;
  std::uint64_t left = section->header.sh_size;
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    if (stream.avail_in == 0 && left > 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), left));
      stream.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
      stream.avail_in = image.source().read(offset, std::span(in).first(wanted));
      offset += stream.avail_in;
      left = stream.avail_in == wanted ? left - wanted : 0;
    }
    const std::size_t done = out.size();
    if (done == kLargest) break;
    out.resize(std::min(kLargest, done + in.size()));
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data() + done);
    stream.avail_out = out.size() - done;
    status = ::lzma_code(&stream, left == 0 && stream.avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
    out.resize(out.size() - stream.avail_out);
  }
  ::lzma_end(&stream);
  if (status != LZMA_STREAM_END) return std::nullopt;
  Result<elf::Image> symbols = elf::Image::open(ByteSource(std::move(out)));
  if (!symbols) return std::nullopt;
  return std::move(*symbols);
}

}  // namespace sonde::symbolize
