#include "render/renderer.hpp"

#include "util/fail.hpp"

namespace sonde::render {

Result<void> Renderer::rows(const Table&) {
  return fail(ErrorCode::OutputFailed, "this format cannot show rows as they happen",
              "Use -f table or -f json");
}

const RendererEntry* find_renderer(std::string_view name) {
  for (const RendererEntry* entry : all_renderers()) {
    if (entry->name == name) return entry;
  }
  return nullptr;
}

const RendererEntry* renderer_for_file(std::string_view file_name) {
  for (const RendererEntry* entry : all_renderers()) {
    std::string_view rest = entry->endings;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      const std::string_view ending = rest.substr(0, comma);
      if (file_name.size() > ending.size() && file_name.ends_with(ending)) return entry;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  return nullptr;
}

}  // namespace sonde::render
