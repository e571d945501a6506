#include "symbolize/symbolizer.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "symbolize/file_names.hpp"
#include "symbolize/jit_code.hpp"
#include "symbolize/kernel_names.hpp"
#include "symbolize/notices.hpp"
#include "symbolize/profile_builder.hpp"
#include "symbolize/symbol_cache.hpp"

namespace sonde::symbolize {
namespace {

using process::Mapping;

// A return address is that of the instruction after the call, which, after a call that does not
// return, belongs to the next function. The leaf is no return address.
std::uint64_t lookup_address(std::uint64_t address, bool is_leaf) {
  return is_leaf || address == 0 ? address : address - 1;
}

// "/usr/lib/libfoo.so (deleted)" → "libfoo.so"
std::string_view base_name(std::string_view path) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  return path.substr(path.rfind('/') + 1);
}

// A 32-bit process has a vDSO of its own, of which we have no copy.
bool has_our_vdso(const Mapping& mapping) {
  return sizeof(void*) == 4 || mapping.end > UINT32_MAX;
}

bool is_memfd(const Mapping& mapping) {
  return mapping.kind == Mapping::Kind::file && mapping.file->path.starts_with("/memfd:");
}

/// One call of symbolize(): wants every address, resolves them together, then names frame by frame.
class Pass {
 public:
  explicit Pass(const process::AddressSpaces& spaces) : spaces_(spaces) {}

  void want(const RawStack& stack);
  void resolve(const SymbolizerOptions& options, SymbolCache& cache, Notices& notices);
  void name(const RawStack& stack);
  StackProfile finish() { return builder_.finish(); }

 private:
  Frame kernel_frame(std::uint64_t address, bool is_leaf);
  Frame user_frame(const RawStack& stack, std::uint64_t address, bool is_leaf);
  Frame file_frame(const Mapping& mapping, std::uint64_t lookup, bool is_leaf);

  const process::AddressSpaces& spaces_;
  KernelNames kernel_;
  FileNames files_;
  JitCode jit_;
  ProfileBuilder builder_;
};

void Pass::want(const RawStack& stack) {
  for (std::size_t i = 0; i < stack.kernel.size(); ++i) {
    kernel_.want(lookup_address(stack.kernel[i], i == 0));
  }
  for (std::size_t i = 0; i < stack.user.size(); ++i) {
    const std::uint64_t address = lookup_address(stack.user[i], i == 0);
    const std::optional<Mapping> mapping = spaces_.find(stack.pid, stack.time_ns, address);
    if (!mapping) continue;
    const std::uint64_t offset = address - mapping->start + mapping->file_offset;
    if (mapping->kind == Mapping::Kind::file) {
      files_.want(mapping->file, offset);
    } else if (mapping->kind == Mapping::Kind::vdso && has_our_vdso(*mapping)) {
      files_.want(nullptr, offset);
    }
    if (mapping->kind == Mapping::Kind::anonymous || is_memfd(*mapping)) {
      jit_.want(spaces_.perf_map_fd(stack.pid, stack.time_ns), stack.pid, address);
    }
  }
}

void Pass::resolve(const SymbolizerOptions& options, SymbolCache& cache, Notices& notices) {
  kernel_.resolve(options, cache, notices);
  files_.resolve(options.root, cache, notices);
  jit_.resolve(notices);
}

void Pass::name(const RawStack& raw) {
  Stack stack{raw.pid, raw.tid, raw.comm, {}, raw.values};
  if (!raw.label.empty())
    stack.frames.push_back(builder_.frame({raw.label, kNoModule, FrameKind::unknown, 0}));
  for (std::size_t i = 0; i < raw.kernel.size(); ++i) {
    stack.frames.push_back(builder_.frame(kernel_frame(raw.kernel[i], i == 0)));
  }
  for (std::size_t i = 0; i < raw.user.size(); ++i) {
    stack.frames.push_back(builder_.frame(user_frame(raw, raw.user[i], i == 0)));
  }
  builder_.add(std::move(stack));
}

Frame Pass::kernel_frame(std::uint64_t address, bool is_leaf) {
  const KernelSymbol* const symbol = kernel_.find(lookup_address(address, is_leaf));
  Frame frame;
  frame.kind = FrameKind::kernel;
  frame.address = address;
  frame.name = symbol ? symbol->name : fmt::format("[kernel+{:#x}]", address);
  const bool in_core = symbol == nullptr || symbol->module == "[kernel]";
  frame.module = in_core ? builder_.module("[kernel]", kernel_.build_id())
                         : builder_.module(symbol->module, {});
  return frame;
}

Frame Pass::file_frame(const Mapping& mapping, std::uint64_t lookup, bool is_leaf) {
  const process::MappedFile* const file = mapping.file.get();
  const std::string path = file ? file->path : "[vdso]";
  const bool known = file != nullptr || has_our_vdso(mapping);
  const std::uint64_t offset = lookup - mapping.start + mapping.file_offset;
  const FileNames::Found found =
      known ? files_.find(file, offset) : FileNames::Found{offset, nullptr};
  Frame frame;
  frame.module = builder_.module(path, known ? files_.build_id(file) : std::string{});
  frame.address = found.vaddr + (is_leaf ? 0 : 1);
  if (found.name != nullptr && !found.name->empty()) {
    frame.kind = FrameKind::user;
    frame.name = *found.name;
  } else {
    frame.name = fmt::format("[{}+{:#x}]", file ? base_name(path) : "vdso", frame.address);
  }
  return frame;
}

Frame Pass::user_frame(const RawStack& stack, std::uint64_t address, bool is_leaf) {
  const std::uint64_t lookup = lookup_address(address, is_leaf);
  const std::optional<Mapping> mapping = spaces_.find(stack.pid, stack.time_ns, lookup);
  Frame frame;
  frame.address = address;
  if (mapping && (mapping->kind == Mapping::Kind::anonymous || is_memfd(*mapping))) {
    frame.name = jit_.find(spaces_.perf_map_fd(stack.pid, stack.time_ns), lookup);
    if (!frame.name.empty()) {
      frame.kind = FrameKind::jit;
      return frame;
    }
  }
  if (!mapping || mapping->kind == Mapping::Kind::other) {
    frame.name = fmt::format("[unknown+{:#x}]", address);
  } else if (mapping->kind == Mapping::Kind::anonymous) {
    frame.name = fmt::format("[anon+{:#x}]", address);
  } else {
    return file_frame(*mapping, lookup, is_leaf || address == 0);
  }
  return frame;
}

}  // namespace

struct Symbolizer::Impl {
  SymbolizerOptions options;
  SymbolCache cache;
  Notices notices;
};

Symbolizer::Symbolizer(SymbolizerOptions options)
    : impl_(std::make_unique<Impl>(Impl{std::move(options), {}, {}})) {
}
Symbolizer::~Symbolizer() = default;
Symbolizer::Symbolizer(Symbolizer&&) noexcept = default;
Symbolizer& Symbolizer::operator=(Symbolizer&&) noexcept = default;

StackProfile Symbolizer::symbolize(std::span<const RawStack> stacks,
                                   const process::AddressSpaces& spaces) {
  impl_->notices.clear();
  impl_->cache.trim();
  Pass pass(spaces);
  for (const RawStack& stack : stacks)
    pass.want(stack);
  pass.resolve(impl_->options, impl_->cache, impl_->notices);
  for (const RawStack& stack : stacks)
    pass.name(stack);
  return pass.finish();
}

const std::vector<std::string>& Symbolizer::notices() const noexcept {
  return impl_->notices.sentences();
}

}  // namespace sonde::symbolize
