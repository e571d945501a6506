#include "elf/dynamic.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

namespace sonde::elf {
namespace {

constexpr std::uint64_t kLongestSection = std::uint64_t{1} << 20;
constexpr std::uint64_t kLongestStrings = std::uint64_t{64} << 20;
constexpr std::uint64_t kLongestPath = 4096;

std::string text_at(std::span<const std::byte> strings, std::uint64_t offset) {
  if (offset >= strings.size()) return {};
  const char* const begin = reinterpret_cast<const char*>(strings.data()) + offset;
  return {begin, ::strnlen(begin, strings.size() - static_cast<std::size_t>(offset))};
}

std::vector<Elf64_Dyn> read_entries(const Image& image, const Elf64_Phdr& segment) {
  const auto bytes = image.source().read_range(segment.p_offset, segment.p_filesz, kLongestSection);
  std::vector<Elf64_Dyn> entries(bytes.size() / sizeof(Elf64_Dyn));
  if (!entries.empty())
    std::memcpy(entries.data(), bytes.data(), entries.size() * sizeof(Elf64_Dyn));
  entries.erase(std::ranges::find(entries, DT_NULL, &Elf64_Dyn::d_tag), entries.end());
  return entries;
}

std::optional<std::uint64_t> value_of(std::span<const Elf64_Dyn> entries, std::int64_t tag) {
  const auto entry = std::ranges::find(entries, tag, &Elf64_Dyn::d_tag);
  return entry == entries.end() ? std::nullopt : std::optional(entry->d_un.d_val);
}

}  // namespace

Dynamic read_dynamic(const Image& image) {
  Dynamic dynamic;
  if (!image.is_64_bit()) return dynamic;
  std::vector<Elf64_Dyn> entries;
  for (const Elf64_Phdr& segment : image.segments()) {
    if (segment.p_type == PT_DYNAMIC) entries = read_entries(image, segment);
    if (segment.p_type != PT_INTERP) continue;
    const auto path = image.source().read_range(segment.p_offset, segment.p_filesz, kLongestPath);
    dynamic.interpreter = text_at(path, 0);
  }
  dynamic.is_pie = (value_of(entries, DT_FLAGS_1).value_or(0) & DF_1_PIE) != 0;
  const auto where = value_of(entries, DT_STRTAB);
  const auto size = value_of(entries, DT_STRSZ);
  const auto offset = where ? image.offset_of(*where) : std::nullopt;
  if (!offset || !size) return dynamic;
  const auto strings = image.source().read_range(*offset, *size, kLongestStrings);
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_NEEDED) dynamic.needed.push_back(text_at(strings, entry.d_un.d_val));
    if (entry.d_tag == DT_RPATH) dynamic.rpath = text_at(strings, entry.d_un.d_val);
    if (entry.d_tag == DT_RUNPATH) dynamic.runpath = text_at(strings, entry.d_un.d_val);
  }
  return dynamic;
}

}  // namespace sonde::elf
