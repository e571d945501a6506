#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/session.hpp"
#include "util/fail.hpp"
#include "wire.h"

using namespace sonde;

namespace {

// What happened to a tracer, in order; outlives it.
struct Diary {
  std::vector<std::string> entries;
  bool has(const std::string& entry) const {
    return std::find(entries.begin(), entries.end(), entry) != entries.end();
  }
};

class FakeSource final : public core::EventSource {
 public:
  explicit FakeSource(Diary& diary) : diary_(diary) {}
  std::function<void()> on_drain = [] {};
  int poll_fd() const noexcept override { return -1; }
  Result<void> drain() noexcept override {
    diary_.entries.emplace_back("drain source");
    on_drain();
    return {};
  }

 private:
  Diary& diary_;
};

class FakeTracer final : public core::Tracer {
 public:
  explicit FakeTracer(Diary& diary) : diary_(diary), source_(diary) {
    source_.on_drain = [this] {
      if (events() != nullptr) events()->push({{}, ++made_, 0, "fake", MemoryFree{}});
    };
  }

  bool fail_load = false;
  bool fail_attach = false;
  bool fail_drain = false;

  std::string_view name() const noexcept override { return "fake"; }
  const std::vector<PlanEntry>& plan() const noexcept override { return plan_; }
  Result<void> load() override {
    note("load");
    if (fail_load) return fail(ErrorCode::LoadFailed, "load");
    return {};
  }
  Result<void> attach() override {
    note(gate_ == SONDE_GATE_CLOSED ? "attach with gate closed" : "attach with gate open");
    if (fail_attach) return fail(ErrorCode::AttachFailed, "attach");
    return {};
  }
  void detach() noexcept override {
    note(gate_ == SONDE_GATE_CLOSED ? "detach with gate closed" : "detach with gate open");
  }
  volatile std::uint32_t& gate() noexcept override { return gate_; }
  const bpf_object* object() const noexcept override { return nullptr; }
  std::vector<core::EventSource*> sources() noexcept override { return {&source_}; }
  Result<void> drain() noexcept override {
    note("drain maps");
    if (fail_drain) return fail(ErrorCode::MapOperationFailed, "drain");
    return {};
  }
  Accounting accounting() const override { return {}; }
  std::uint64_t ring_bytes() const noexcept override { return 0; }
  std::optional<double> event_latency_us() const noexcept override { return {}; }
  std::uint64_t trap_count() const noexcept override { return 0; }
  std::uint64_t program_runs() const noexcept override { return 0; }
  bool measures_program_time() const noexcept override { return false; }
  bool limit_reached() const noexcept override { return false; }
  void take() override { note("take"); }
  Result<std::vector<Section>> sections() override { return std::vector<Section>{}; }
  std::vector<std::string> notices() const override { return {}; }

 private:
  void note(const char* entry) noexcept { diary_.entries.emplace_back(entry); }

  Diary& diary_;
  FakeSource source_;
  std::vector<PlanEntry> plan_;
  volatile std::uint32_t gate_ = SONDE_GATE_CLOSED;
  std::int32_t made_ = 0;
};

}  // namespace

// The gate opens after everything is attached, closes before anything is detached, and the last
// drain comes after that.
BOOST_AUTO_TEST_CASE(life_in_order) {
  Diary diary;
  core::Session session(std::make_unique<FakeTracer>(diary), {});
  BOOST_TEST_REQUIRE(session.start().has_value());
  BOOST_TEST(session.is_running());
  BOOST_TEST_REQUIRE(session.stop().has_value());
  BOOST_TEST(!session.is_running());

  const std::vector<std::string>& entries = diary.entries;
  BOOST_TEST_REQUIRE(entries.size() >= 6u);
  BOOST_TEST(entries[0] == "load");
  BOOST_TEST(entries[1] == "attach with gate closed");
  const auto tail = std::vector<std::string>(entries.end() - 4, entries.end());
  BOOST_TEST(tail == (std::vector<std::string>{"detach with gate closed", "drain maps",
                                               "drain source", "take"}));
}

// A failed attach takes down what was attached and leaves the session stopped.
BOOST_AUTO_TEST_CASE(failed_attach_cleans_up) {
  Diary diary;
  auto tracer = std::make_unique<FakeTracer>(diary);
  tracer->fail_attach = true;
  core::Session session(std::move(tracer), {});
  const auto started = session.start();
  BOOST_TEST_REQUIRE(!started.has_value());
  BOOST_TEST((started.error().code == ErrorCode::AttachFailed));
  BOOST_TEST(diary.has("detach with gate closed"));
  BOOST_TEST(!session.is_running());
  BOOST_TEST(!session.stop().has_value());
}

// What was never loaded is not detached.
BOOST_AUTO_TEST_CASE(failed_load_attaches_nothing) {
  Diary diary;
  {
    auto tracer = std::make_unique<FakeTracer>(diary);
    tracer->fail_load = true;
    core::Session session(std::move(tracer), {});
    BOOST_TEST(!session.start().has_value());
  }
  BOOST_TEST(diary.entries == (std::vector<std::string>{"load"}));
}

// Destroying a running session detaches, behind a closed gate.
BOOST_AUTO_TEST_CASE(destruction_detaches) {
  Diary diary;
  {
    core::Session session(std::make_unique<FakeTracer>(diary), {});
    BOOST_TEST_REQUIRE(session.start().has_value());
  }
  BOOST_TEST(diary.has("detach with gate closed"));
}

// An error while draining is not swallowed: the report is refused with it.
BOOST_AUTO_TEST_CASE(drain_errors_surface) {
  Diary diary;
  auto tracer = std::make_unique<FakeTracer>(diary);
  tracer->fail_drain = true;
  core::Session session(std::move(tracer), {});
  BOOST_TEST_REQUIRE(session.start().has_value());
  const auto report = session.stop();
  BOOST_TEST_REQUIRE(!report.has_value());
  BOOST_TEST((report.error().code == ErrorCode::MapOperationFailed));
}

// Calls out of order are errors, not crashes.
BOOST_AUTO_TEST_CASE(calls_out_of_order) {
  Diary diary;
  core::Session session(std::make_unique<FakeTracer>(diary), {});
  BOOST_TEST(!session.stop().has_value());
  BOOST_TEST(!session.snapshot().has_value());
  BOOST_TEST(!session.pause().has_value());
  BOOST_TEST_REQUIRE(session.start().has_value());
  BOOST_TEST(!session.start().has_value());
  BOOST_TEST(session.pause().has_value());
  BOOST_TEST(session.resume().has_value());
  BOOST_TEST(session.stop().has_value());
  BOOST_TEST(!session.stop().has_value());
}

// Events wait for whoever takes them, also after the end.
BOOST_AUTO_TEST_CASE(events_are_taken) {
  Diary diary;
  core::Session session(std::make_unique<FakeTracer>(diary), {});
  EventOptions options;
  options.enabled = true;
  session.want_events(options);
  BOOST_TEST(session.events_fd() == -1);
  BOOST_TEST_REQUIRE(session.start().has_value());
  BOOST_TEST(session.events_fd() >= 0);
  BOOST_TEST_REQUIRE(session.stop().has_value());
  const auto events = session.take_events(10);
  BOOST_TEST_REQUIRE(!events.empty());
  BOOST_TEST(events[0].pid == 1);
  BOOST_TEST(events[0].get_if<MemoryFree>() != nullptr);
  BOOST_TEST(session.events_lost() == 0u);
}

// Nobody asked: none are made, and there is no descriptor.
BOOST_AUTO_TEST_CASE(events_only_if_wanted) {
  Diary diary;
  core::Session session(std::make_unique<FakeTracer>(diary), {});
  BOOST_TEST_REQUIRE(session.start().has_value());
  BOOST_TEST(session.events_fd() == -1);
  BOOST_TEST_REQUIRE(session.stop().has_value());
  BOOST_TEST(session.take_events(10).empty());
}

// Events that nobody takes in time are counted, and the report says so.
BOOST_AUTO_TEST_CASE(lost_events_are_told) {
  Diary diary;
  auto tracer = std::make_unique<FakeTracer>(diary);
  core::Session session(std::move(tracer), {});
  EventOptions options;
  options.enabled = true;
  options.capacity = 1;
  session.want_events(options);
  BOOST_TEST_REQUIRE(session.start().has_value());
  BOOST_TEST_REQUIRE(session.snapshot().has_value());
  const auto report = session.stop();  // each drains at least once
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(session.events_lost() >= 1u);
  BOOST_TEST_REQUIRE(report->summary.notices.size() == 1u);
  BOOST_TEST(report->summary.notices[0].find("live events were lost") != std::string::npos);
}

// A callback gets every event, the last ones before stop() returns; it may not stop the session
// itself.
BOOST_AUTO_TEST_CASE(events_reach_the_callback) {
  Diary diary;
  core::Session session(std::make_unique<FakeTracer>(diary), {});
  std::atomic<std::int32_t> last = 0;
  std::atomic<bool> in_order = true;
  std::atomic<bool> refused = false;
  EventOptions options;
  options.callback = [&, reader = std::thread::id()](std::span<EbpfEvent> events) mutable {
    if (reader == std::thread::id()) {
      reader = std::this_thread::get_id();
      refused = !session.stop().has_value();
    }
    for (const EbpfEvent& event : events)
      in_order = in_order && event.pid == ++last;
  };
  session.want_events(options);
  BOOST_TEST_REQUIRE(session.start().has_value());
  for (int i = 0; i < 1000 && last == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  BOOST_TEST_REQUIRE(last > 0);
  BOOST_TEST(refused);
  const std::int32_t before = last;
  BOOST_TEST_REQUIRE(session.stop().has_value());
  BOOST_TEST(in_order);
  BOOST_TEST(last > before);
  BOOST_TEST(session.take_events(10).empty());
}
