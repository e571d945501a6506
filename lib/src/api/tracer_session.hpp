// What the public class of every tracer does the same: one session, made by start().
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "core/features.hpp"
#include "core/kernel_error.hpp"
#include "core/session.hpp"
#include "tracers/target_filter.hpp"
#include "util/fail.hpp"

namespace sonde {

class TracerSession {
 public:
  /// `make(features, filter)` gives a Result<std::unique_ptr<core::Session>>; it is called after
  /// the configuration, the privileges and the target were found good.
  template <class Make>
  Result<void> start(const EbpfConfig& config, Make make) {
    if (session_ != nullptr) {
      return fail(ErrorCode::EventProcessingFailed, "start a tracer that was started before",
                  "Make a new object for each run");
    }
    if (auto valid = config.validate(); !valid) return valid;
    core::FeatureSet features;
    if (auto disabled = features.disable(config.disabled_features); !disabled) return disabled;
    if (auto met = core::check_requirements(features); !met) return met;
    const auto filter = tracers::resolve_target(config.target);
    if (!filter) return tl::unexpected(filter.error());
    Result<std::unique_ptr<core::Session>> session = make(features, *filter);
    if (!session) return tl::unexpected(session.error());
    if (auto started = (*session)->start(); !started) return started;
    session_ = std::move(*session);
    return {};
  }

  bool was_started() const noexcept { return session_ != nullptr; }
  Result<Report> stop() { return session_ ? session_->stop() : not_running("stop"); }
  Result<Report> snapshot() {
    return session_ ? session_->snapshot() : not_running("take a snapshot of");
  }
  Result<void> pause() { return session_ ? session_->pause() : not_running("pause"); }
  Result<void> resume() { return session_ ? session_->resume() : not_running("resume"); }

  bool is_running() const noexcept { return session_ != nullptr && session_->is_running(); }
  bool limit_reached() const noexcept { return session_ != nullptr && session_->limit_reached(); }
  Accounting accounting() const { return session_ ? session_->accounting() : Accounting{}; }
  Overhead overhead() const { return session_ ? session_->overhead() : Overhead{}; }
  std::chrono::nanoseconds duration() const {
    return session_ ? session_->duration() : std::chrono::nanoseconds{};
  }

 private:
  static tl::unexpected<Error> not_running(const char* what) {
    return fail(ErrorCode::EventProcessingFailed,
                fmt::format("{} a tracer that is not running", what));
  }

  std::unique_ptr<core::Session> session_;
};

}  // namespace sonde
