#include "symbolize/debug_files.hpp"

#include <utility>

#include "dwarf/debug_info.hpp"

namespace sonde::symbolize {
namespace {

std::optional<DebugFile> open_fetched(UniqueFd fd, const std::string& build_id) {
  if (!fd) return std::nullopt;
  auto image = elf::Image::open(ByteSource(std::move(fd)));
  if (!image || image->build_id() != build_id) return std::nullopt;
  return DebugFile{std::move(*image), {}};
}

}  // namespace

DebugFiles::DebugFiles(const elf::Image& image, std::string path, std::string root,
                       FetchDebugFile fetch)
    : image_(image), path_(std::move(path)), root_(std::move(root)), fetch_(std::move(fetch)) {
}

const elf::Image* DebugFiles::separate() {
  if (!std::exchange(looked_for_separate_, true)) {
    separate_ = open_debug_file(image_, path_, root_);
    if (!separate_ && fetch_ && !image_.build_id().empty()) {
      separate_ = open_fetched(fetch_(image_.build_id()), image_.build_id());
    }
  }
  return separate_ ? &separate_->image : nullptr;
}

const elf::Image* DebugFiles::with_debug_info() {
  if (dwarf::has_debug_info(image_)) return &image_;
  const elf::Image* const debug = separate();
  return debug != nullptr && dwarf::has_debug_info(*debug) ? debug : nullptr;
}

const elf::Image* DebugFiles::alternate() {
  const elf::Image* const debug = with_debug_info();
  if (debug != nullptr && !std::exchange(looked_for_alternate_, true)) {
    alternate_ = open_alternate_file(*debug, debug == &image_ ? path_ : separate_->path, root_);
  }
  return alternate_ ? &*alternate_ : nullptr;
}

}  // namespace sonde::symbolize
