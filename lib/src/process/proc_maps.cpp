#include "process/proc_maps.hpp"

#include <sys/sysmacros.h>

#include <charconv>
#include <optional>

namespace sonde::process {
namespace {

// Takes a number off the front of `text`, and the `delimiter` that must follow it.
std::optional<std::uint64_t> take_number(std::string_view& text, int base, char delimiter) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || rest == end || *rest != delimiter) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()) + 1);
  return value;
}

// The kernel escapes a line break in a file name, and nothing else (show_map_vma in
// fs/proc/task_mmu.c calls seq_file_path with "\n").
std::string unescape(std::string_view name) {
  constexpr std::string_view kEscapedLineBreak = "\\012";
  std::string out;
  for (;;) {
    const std::size_t at = name.find(kEscapedLineBreak);
    out += name.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += '\n';
    name.remove_prefix(at + kEscapedLineBreak.size());
  }
}

// "55d0c8a00000-55d0c8a21000 r-xp 00002000 08:01 1310741    /usr/bin/cat"
std::optional<MapsEntry> parse_line(std::string_view line) {
  MapsEntry entry;
  const auto start = take_number(line, 16, '-');
  const auto end = start ? take_number(line, 16, ' ') : std::nullopt;
  if (!end || *start >= *end || line.size() < 5 || line[2] != 'x' || line[4] != ' ') {
    return std::nullopt;
  }
  line.remove_prefix(5);
  const auto offset = take_number(line, 16, ' ');
  const auto major = offset ? take_number(line, 16, ':') : std::nullopt;
  const auto minor = major ? take_number(line, 16, ' ') : std::nullopt;
  if (!minor) return std::nullopt;
  // Before a name the inode is followed by spaces, without one by a single space or the end of the
  // line.
  std::uint64_t inode = 0;
  const char* const line_end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), line_end, inode, 10);
  if (error != std::errc{}) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(rest - line.data()));
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  entry.start = *start;
  entry.end = *end;
  entry.file_offset = *offset;
  entry.file.device = makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor));
  entry.file.inode = inode;
  entry.path = unescape(line);
  return entry;
}

}  // namespace

std::vector<MapsEntry> parse_maps(std::string_view text) {
  std::vector<MapsEntry> entries;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    if (auto entry = parse_line(text.substr(0, length))) entries.push_back(std::move(*entry));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return entries;
}

Mapping::Kind classify_mapping(std::string_view path, const FileId& file) {
  if (path == "[vdso]") return Mapping::Kind::vdso;
  // "//anon" and "/anon_hugepage" are how PERF_RECORD_MMAP2 and hugetlbfs name memory without a
  // file.
  for (const std::string_view anonymous :
       {"//anon", "[anon", "[heap]", "[stack", "/dev/zero", "/anon_hugepage", "/SYSV"}) {
    if (path.starts_with(anonymous)) return Mapping::Kind::anonymous;
  }
  if (path.empty()) return Mapping::Kind::anonymous;
  return path.front() == '/' && file.inode != 0 ? Mapping::Kind::file : Mapping::Kind::other;
}

bool may_hold_jit_code(Mapping::Kind kind, std::string_view path) {
  return kind == Mapping::Kind::anonymous ||
         (kind == Mapping::Kind::file && path.starts_with("/memfd:"));
}

}  // namespace sonde::process
