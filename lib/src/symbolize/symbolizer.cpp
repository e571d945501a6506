#include "symbolize/symbolizer.hpp"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "symbolize/file_names.hpp"
#include "symbolize/jit_code.hpp"
#include "symbolize/kernel_names.hpp"
#include "symbolize/largest_stacks.hpp"
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

/// Where the code of a user frame is.
struct Place {
  Mapping::Kind kind = Mapping::Kind::other;
  std::shared_ptr<const process::MappedFile> file;  // null for the vDSO
  /// Whether names can be found for it.
  bool known = false;
  /// Of the instruction in the file, for a return address of the call before it.
  std::uint64_t offset = 0;

  bool in_file() const { return kind == Mapping::Kind::file || kind == Mapping::Kind::vdso; }
  /// A memfd is a file, but a JIT compiler may keep its code in one.
  bool may_be_jit() const {
    return kind == Mapping::Kind::anonymous ||
           (kind == Mapping::Kind::file && file->path.starts_with("/memfd:"));
  }
};

/// What the frames of a place in a file follow from.
struct FilePlace {
  const process::MappedFile* file = nullptr;
  std::uint64_t offset = 0;
  bool known = false;
  bool is_leaf = false;

  bool operator==(const FilePlace&) const noexcept = default;
};
struct FilePlaceHash {
  std::size_t operator()(const FilePlace& place) const noexcept {
    const std::size_t offset = place.offset << 1 | (place.is_leaf ? 1u : 0u);
    return std::hash<const void*>{}(place.file) ^ offset * 0x9e3779b97f4a7c15u;
  }
};

/// One call of symbolize(): wants every address, resolves them together, then names frame by frame.
class Pass {
 public:
  Pass(const process::AddressSpaces& spaces, const process::FrameFiles& files)
      : spaces_(spaces), frame_files_(files) {}

  void want(const RawStack& stack);
  void resolve(const SymbolizerOptions& options, const FileNames::Sources& sources,
               SymbolCache& cache, Notices& notices);
  Stack name(const RawStack& stack);
  void add(const RawStack& stack) { builder_.add(name(stack)); }
  StackProfile finish() { return builder_.finish(); }

 private:
  Place place_of(const RawStack& stack, std::uint64_t address, bool is_leaf) const;
  Frame kernel_frame(std::uint64_t address, bool is_leaf);
  std::uint32_t others_frame() {
    return builder_.frame({kOtherStacks, kNoModule, FrameKind::unknown, 0});
  }
  void add_user_frames(const RawStack& stack, std::uint64_t address, bool is_leaf,
                       std::vector<std::uint32_t>& frames);
  void add_file_frames(const Place& place, bool is_leaf, std::vector<std::uint32_t>& frames);
  std::vector<std::uint32_t> make_file_frames(const Place& place, bool is_leaf);
  void set_source(Frame& frame, const SourceLine& source);

  const process::AddressSpaces& spaces_;
  const process::FrameFiles& frame_files_;
  KernelNames kernel_;
  FileNames files_;
  JitCode jit_;
  ProfileBuilder builder_;
  std::unordered_map<FilePlace, std::vector<std::uint32_t>, FilePlaceHash> file_frames_;
};

void Pass::want(const RawStack& stack) {
  for (std::size_t i = 0; i < stack.kernel.size(); ++i) {
    kernel_.want(lookup_address(stack.kernel[i], i == 0));
  }
  for (std::size_t i = 0; i < stack.user.size(); ++i) {
    const Place place = place_of(stack, stack.user[i], i == 0);
    if (place.in_file() && place.known) files_.want(place.file, place.offset);
    if (place.may_be_jit()) {
      jit_.want(spaces_.perf_map_fd(stack.pid, stack.time_ns), stack.pid,
                lookup_address(stack.user[i], i == 0));
    }
  }
}

Place Pass::place_of(const RawStack& stack, std::uint64_t address, bool is_leaf) const {
  const std::uint64_t lookup = lookup_address(address, is_leaf);
  if (const auto in_file = frame_files_.find(lookup)) {
    const auto kind = in_file->file == nullptr ? Mapping::Kind::vdso : Mapping::Kind::file;
    return {kind, in_file->file, true, in_file->offset};
  }
  const std::optional<Mapping> mapping = spaces_.find(stack.pid, stack.time_ns, lookup);
  if (!mapping) return {};
  const bool known = mapping->kind == Mapping::Kind::file ||
                     (mapping->kind == Mapping::Kind::vdso && has_our_vdso(*mapping));
  return {mapping->kind, mapping->file, known, lookup - mapping->start + mapping->file_offset};
}

void Pass::resolve(const SymbolizerOptions& options, const FileNames::Sources& sources,
                   SymbolCache& cache, Notices& notices) {
  kernel_.resolve(options, cache, notices);
  files_.resolve(sources, cache, notices);
  jit_.resolve(notices);
}

Stack Pass::name(const RawStack& raw) {
  Stack stack{raw.pid, raw.tid, raw.comm, {}, raw.values, raw.details};
  if (!raw.label.empty())
    stack.frames.push_back(builder_.frame({raw.label, kNoModule, FrameKind::unknown, 0}));
  for (std::size_t i = 0; i < raw.kernel.size(); ++i) {
    stack.frames.push_back(builder_.frame(kernel_frame(raw.kernel[i], i == 0)));
  }
  for (std::size_t i = 0; i < raw.user.size(); ++i)
    add_user_frames(raw, raw.user[i], i == 0, stack.frames);
  if (raw.left_out) stack.frames.push_back(others_frame());
  return stack;
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

void Pass::set_source(Frame& frame, const SourceLine& source) {
  if (source.file == nullptr) return;
  frame.file = builder_.file(*source.file);
  frame.line = source.line;
}

// Thousands of stacks have the same frames.
void Pass::add_file_frames(const Place& place, bool is_leaf, std::vector<std::uint32_t>& frames) {
  const FilePlace key{place.file.get(), place.offset, place.known, is_leaf};
  const auto [known, added] = file_frames_.try_emplace(key);
  if (added) known->second = make_file_frames(place, is_leaf);
  frames.insert(frames.end(), known->second.begin(), known->second.end());
}

std::vector<std::uint32_t> Pass::make_file_frames(const Place& place, bool is_leaf) {
  std::vector<std::uint32_t> frames;
  const process::MappedFile* const file = place.file.get();
  const std::string path = file ? file->path : "[vdso]";
  const FileNames::Found found =
      place.known ? files_.find(file, place.offset) : FileNames::Found{place.offset, nullptr};
  Frame frame;
  frame.module = builder_.module(path, place.known ? files_.build_id(file) : std::string{});
  frame.address = found.vaddr + (is_leaf ? 0 : 1);
  const std::string offset =
      fmt::format("[{}+{:#x}]", file ? base_name(path) : "vdso", frame.address);
  if (found.symbol != nullptr) {
    for (const InlinedCall& call : found.symbol->inlined) {
      Frame inlined = frame;
      inlined.kind = FrameKind::inlined;
      inlined.name = call.name != nullptr ? *call.name : offset;
      set_source(inlined, call.source);
      frames.push_back(builder_.frame(std::move(inlined)));
    }
    set_source(frame, found.symbol->source);
  }
  const bool named = found.symbol != nullptr && found.symbol->name != nullptr;
  if (named) frame.kind = FrameKind::user;
  frame.name = named ? *found.symbol->name : offset;
  frames.push_back(builder_.frame(std::move(frame)));
  return frames;
}

void Pass::add_user_frames(const RawStack& stack, std::uint64_t address, bool is_leaf,
                           std::vector<std::uint32_t>& frames) {
  const Place place = place_of(stack, address, is_leaf);
  Frame frame;
  frame.address = address;
  if (place.may_be_jit()) {
    frame.name =
        jit_.find(spaces_.perf_map_fd(stack.pid, stack.time_ns), lookup_address(address, is_leaf));
    if (!frame.name.empty()) frame.kind = FrameKind::jit;
  }
  if (frame.name.empty() && place.in_file()) {
    add_file_frames(place, is_leaf || address == 0, frames);
    return;
  }
  if (frame.name.empty()) {
    frame.name = fmt::format("[{}+{:#x}]",
                             place.kind == Mapping::Kind::anonymous ? "anon" : "unknown", address);
  }
  frames.push_back(builder_.frame(std::move(frame)));
}

std::vector<const RawStack*> pointers_to(std::span<const RawStack> stacks) {
  std::vector<const RawStack*> pointers;
  pointers.reserve(stacks.size());
  for (const RawStack& stack : stacks)
    pointers.push_back(&stack);
  return pointers;
}

}  // namespace

struct Symbolizer::Impl {
  SymbolizerOptions options;
  SymbolCache cache;
  Notices notices;
  std::unique_ptr<Debuginfod> debuginfod;

  /// `ask`: debuginfod, which can take its time.
  void resolve(Pass& pass, std::span<const RawStack* const> stacks, bool ask) {
    cache.trim();
    for (const RawStack* const stack : stacks)
      pass.want(*stack);
    FileNames::Sources sources{options.root, options.inlined_calls, {}};
    if (debuginfod && ask) {
      sources.fetch = [this](const std::string& build_id) { return debuginfod->find(build_id); };
    }
    pass.resolve(options, sources, cache, notices);
    if (debuginfod) debuginfod->report_to(notices);
  }
};

Symbolizer::Symbolizer(SymbolizerOptions options)
    : impl_(std::make_unique<Impl>(Impl{std::move(options), {}, {}, {}})) {
}
Symbolizer::~Symbolizer() = default;
Symbolizer::Symbolizer(Symbolizer&&) noexcept = default;
Symbolizer& Symbolizer::operator=(Symbolizer&&) noexcept = default;

Result<void> Symbolizer::prepare() {
  if (!impl_->options.debuginfod || impl_->debuginfod) return {};
  auto opened = Debuginfod::open(*impl_->options.debuginfod);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  impl_->debuginfod = std::move(*opened);
  return {};
}

StackProfile Symbolizer::symbolize(std::span<const RawStack> stacks,
                                   const process::AddressSpaces& spaces,
                                   const process::FrameFiles& files) {
  impl_->notices.clear();
  std::vector<RawStack> largest;
  if (const std::size_t most = impl_->options.most_stacks; most != 0 && stacks.size() > most) {
    largest = largest_stacks(stacks, most);
    stacks = largest;
  }
  Pass pass(spaces, files);
  impl_->resolve(pass, pointers_to(stacks), true);
  for (const RawStack& stack : stacks)
    pass.add(stack);
  return pass.finish();
}

StackProfile Symbolizer::symbolize_each(std::span<const RawStack> stacks,
                                        const process::AddressSpaces& spaces,
                                        const process::FrameFiles& files) {
  Pass pass(spaces, files);
  impl_->resolve(pass, pointers_to(stacks), false);
  std::vector<Stack> named;
  named.reserve(stacks.size());
  for (const RawStack& stack : stacks)
    named.push_back(pass.name(stack));
  StackProfile profile = pass.finish();
  profile.stacks = std::move(named);
  return profile;
}

const std::vector<std::string>& Symbolizer::notices() const noexcept {
  return impl_->notices.sentences();
}

}  // namespace sonde::symbolize
