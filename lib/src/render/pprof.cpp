// For go tool pprof, Pyroscope and speedscope: one gzip'ed profile.proto.
#include <algorithm>
#include <string>

#include "render/gzip.hpp"
#include "render/pprof_profile.hpp"
#include "render/renderer.hpp"
#include "util/fail.hpp"

namespace sonde::render {
namespace {

class PprofRenderer final : public Renderer {
 public:
  explicit PprofRenderer(sink::Sink& sink) : sink_(sink) {}

  Result<void> begin(const ReportHeader& header) override {
    header_ = header;
    return {};
  }

  Result<void> interval(const Report&) override {
    return fail(ErrorCode::OutputFailed,
                "format pprof holds one profile, not one for each interval",
                "Leave --interval out, or use -f json");
  }

  Result<void> finish(const Report& report) override {
    const auto is_profile = [](const Section& s) {
      return std::holds_alternative<StackProfile>(s);
    };
    if (!report.sections.empty() &&
        std::none_of(report.sections.begin(), report.sections.end(), is_profile)) {
      return fail(ErrorCode::OutputFailed, "format pprof holds stacks and this result has none",
                  "Use -f table or -f json");
    }
    const auto compressed = gzip(encode_pprof(header_, report));
    if (!compressed) return tl::unexpected(compressed.error());
    if (auto written = sink_.write(*compressed); !written) return written;
    return sink_.flush();
  }

 private:
  sink::Sink& sink_;
  ReportHeader header_;
};

}  // namespace

extern const RendererEntry pprof_renderer;
const RendererEntry pprof_renderer = {
    .name = "pprof",
    .description = "gzip'ed profile.proto for go tool pprof and what reads the same",
    .endings = ".pb.gz,.pprof",
    .intervals = false,
    .live = false,
    .text = false,
    .tables = false,
    .shows_summary = false,
    .make = [](sink::Sink& sink, const RenderOptions&) -> std::unique_ptr<Renderer> {
      return std::make_unique<PprofRenderer>(sink);
    },
};

}  // namespace sonde::render
