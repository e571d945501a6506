// Live events of all lanes, in the order in which they came: as rows for renderers, and typed for
// programs.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <sonde/event.hpp>
#include <sonde/report.hpp>
#include "core/clock.hpp"
#include "core/event_queue.hpp"

namespace sonde::tracers {

/// add() and take() may be called from different threads. Rows that are not taken wait in memory,
/// up to kMostWaiting; more are lost.
class NetEvents {
 public:
  static constexpr std::size_t kMostWaiting = 200'000;

  /// `rows`: someone wants rows.
  explicit NetEvents(bool rows) noexcept : rows_(rows) {}

  /// Someone wants typed events.
  void send_to(core::EventQueue& queue) noexcept { queue_ = &queue; }
  bool wants_rows() const noexcept { return rows_; }
  bool wants_typed() const noexcept { return queue_ != nullptr; }
  bool wanted() const noexcept { return wants_rows() || wants_typed(); }
  /// Only if wants_typed().
  void push(EbpfEvent event) { queue_->push(std::move(event)); }
  const core::WallClock& clock() const noexcept { return clock_; }

  /// Only if wants_rows(). `shape` is a table without rows that outlives this object; `row` fits
  /// it. False if it is lost.
  bool add(const Table& shape, std::vector<Value> row);
  /// What came since the last call: tables, each a run of rows of one shape.
  std::vector<Table> take();

 private:
  struct Row {
    const Table* shape;
    std::vector<Value> values;
  };

  const bool rows_;
  core::EventQueue* queue_ = nullptr;
  const core::WallClock clock_;
  std::mutex lock_;
  std::vector<Row> waiting_;
};

}  // namespace sonde::tracers
