// A command that runs one tracer: the flags that all such commands share around the tracer's own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command.hpp"
#include "output.hpp"
#include "session_options.hpp"
#include "trace.hpp"
#include "tracer_entries.hpp"

namespace sonde::cli {

/// `Flags` are those of the tracer kTracer: add_to() adds them, apply() makes settings of what was
/// given.
template <class Flags>
class TracerCommand final : public Command {
 public:
  explicit TracerCommand(CLI::App& app) {
    session_.samples = Flags::kTracer == "cpu";
    session_.memory = Flags::kTracer == "mem";
    session_.add_to(app);
    flags_.add_to(app);
    output_.add_to(app);
  }

  Result<int> run(const Invocation& invocation) override {
    auto request = session_.resolve(!invocation.launch.empty());
    if (!request) return tl::unexpected(std::move(request.error()));
    if (auto set = enable_only({std::string(Flags::kTracer)}, request->config); !set)
      return tl::unexpected(std::move(set.error()));
    if (auto applied = flags_.apply(request->config); !applied)
      return tl::unexpected(std::move(applied.error()));
    auto tracers = enabled_tracers(request->config);
    if (!tracers) return tl::unexpected(std::move(tracers.error()));
    return trace(std::move(*request), output_, invocation, std::move(*tracers));
  }

  bool verbose() const noexcept override { return output_.verbose; }

 private:
  SessionOptions session_;
  Flags flags_;
  OutputOptions output_;
};

/// CommandEntry::make of such a command.
template <class Flags>
std::unique_ptr<Command> make_tracer_command(CLI::App& app) {
  return std::make_unique<TracerCommand<Flags>>(app);
}

}  // namespace sonde::cli
