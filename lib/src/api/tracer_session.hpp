// What the public class of every tracer does the same: one session, made by start().
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "core/features.hpp"
#include "core/kernel_error.hpp"
#include "core/session.hpp"
#include "tracers/target_filter.hpp"
#include "util/fail.hpp"

namespace sonde {

template <class Tracer>
class TracerSession {
 public:
  /// `make(config, features, filter)` gives a Result<std::unique_ptr<Tracer>>, and
  /// `describe(config, filter)` the head of its reports; they are called after the configuration,
  /// the privileges and the target were found good.
  template <class Make, class Describe>
  Result<void> prepare(const EbpfConfig& config, Make make, Describe describe) {
    if (session_ != nullptr) return before("prepare");
    if (auto valid = config.validate(); !valid) return valid;
    core::FeatureSet features;
    if (auto disabled = features.disable(config.disabled_features); !disabled) return disabled;
    if (auto met = core::check_requirements(features); !met) return met;
    const auto filter = tracers::resolve_target(config.target);
    if (!filter) return tl::unexpected(filter.error());
    Result<std::unique_ptr<Tracer>> made = make(config, features, *filter);
    if (!made) return tl::unexpected(made.error());
    Tracer* const kept = made->get();
    auto session = std::make_unique<core::Session>(std::move(*made), describe(config, *filter));
    session->log_to(config.log);
    session->want_events(config.events);
    if (auto prepared = session->prepare(); !prepared) return prepared;
    session_ = std::move(session);
    tracer_ = kept;
    return {};
  }

  /// `prepare` is called if the tracer is not prepared, and is to call the method above.
  template <class Prepare>
  Result<void> start(Prepare prepare) {
    if (session_ == nullptr) {
      if (Result<void> prepared = prepare(); !prepared) return prepared;
    } else if (!session_->is_prepared()) {
      return before("start");
    }
    auto started = session_->start();
    if (!started) {
      tracer_ = nullptr;
      session_.reset();
    }
    return started;
  }

  /// The session owns it; null before prepare() has succeeded, and after start() has failed.
  Tracer* tracer() const noexcept { return tracer_; }
  /// Its settings are fixed.
  bool was_prepared() const noexcept { return session_ != nullptr; }
  Result<Report> stop() { return session_ ? session_->stop() : not_running("stop"); }
  Result<Report> snapshot() {
    return session_ ? session_->snapshot() : not_running("take a snapshot of");
  }
  Result<void> pause() { return session_ ? session_->pause() : not_running("pause"); }
  Result<void> resume() { return session_ ? session_->resume() : not_running("resume"); }

  bool is_running() const noexcept { return session_ != nullptr && session_->is_running(); }
  bool limit_reached() const noexcept { return session_ != nullptr && session_->limit_reached(); }
  std::vector<EbpfEvent> take_events() {
    return session_ ? session_->take_events(kEventsAtOnce) : std::vector<EbpfEvent>();
  }
  int events_fd() const noexcept { return session_ ? session_->events_fd() : -1; }
  std::uint64_t events_lost() const noexcept { return session_ ? session_->events_lost() : 0; }
  Accounting accounting() const { return session_ ? session_->accounting() : Accounting{}; }
  Overhead overhead() const { return session_ ? session_->overhead() : Overhead{}; }
  ReportHeader header() const { return session_ ? session_->header() : ReportHeader{}; }
  std::chrono::nanoseconds duration() const {
    return session_ ? session_->duration() : std::chrono::nanoseconds{};
  }

 private:
  static constexpr std::size_t kEventsAtOnce = 8192;

  static tl::unexpected<Error> before(const char* what) {
    return fail(ErrorCode::EventProcessingFailed,
                fmt::format("{0} a tracer that was {0}{1} before", what,
                            std::string_view(what).ends_with('e') ? "d" : "ed"),
                "Make a new object for each run");
  }
  static tl::unexpected<Error> not_running(const char* what) {
    return fail(ErrorCode::EventProcessingFailed,
                fmt::format("{} a tracer that is not running", what));
  }

  std::unique_ptr<core::Session> session_;
  Tracer* tracer_ = nullptr;
};

}  // namespace sonde
