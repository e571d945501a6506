#include "trace_sessions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "diagnostic.hpp"

namespace sonde::cli {

TraceSessions::TraceSessions(const std::vector<TracerEntry>& entries, const EbpfConfig& config) {
  for (const TracerEntry& entry : entries)
    members_.push_back({members_.size(), entry.name, entry.make(config)});
}

Result<void> TraceSessions::each(Result<void> (TraceSession::*step)(), bool keep_going) {
  std::optional<Error> first_error;
  const bool several = members_.size() > 1;
  const std::size_t told = notices_.size();
  for (auto member = members_.begin(); member != members_.end();) {
    auto done = (*member->session.*step)();
    if (done) {
      ++member;
      continue;
    }
    Error& error = done.error();
    notices_.push_back(fmt::format("{} did not run: {}", member->name, error.message()));
    if (several) error.what = fmt::format("{}: {}", member->name, error.what);
    if (!keep_going) return done;
    if (!first_error) first_error = error;
    member = members_.erase(member);
  }
  if (!first_error) return {};
  if (members_.empty()) return tl::unexpected(std::move(*first_error));
  for (std::size_t i = told; i < notices_.size(); ++i)
    say(notices_[i]);
  return {};
}

Result<void> TraceSessions::start(bool keep_going) {
  if (auto prepared = each(&TraceSession::prepare, keep_going); !prepared) return prepared;
  return each(&TraceSession::start, keep_going);
}

// Each in a thread of its own: symbolizing one's stacks must not lengthen what the next records.
Result<std::vector<LaneReport>> TraceSessions::stop() {
  std::vector<Result<Report>> stopped(members_.size(), Report{});
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < members_.size(); ++i)
      threads.emplace_back([&, i] { stopped[i] = members_[i].session->stop(); });
    if (!members_.empty()) stopped[0] = members_[0].session->stop();
  }
  std::vector<LaneReport> reports;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!stopped[i]) return tl::unexpected(std::move(stopped[i].error()));
    reports.push_back({members_[i].lane, std::move(*stopped[i])});
  }
  return reports;
}

Result<std::vector<LaneReport>> TraceSessions::snapshot() {
  std::vector<LaneReport> reports;
  for (const Member& member : members_) {
    auto report = member.session->snapshot();
    if (!report) return tl::unexpected(std::move(report.error()));
    reports.push_back({member.lane, std::move(*report)});
  }
  return reports;
}

std::vector<LaneReport> TraceSessions::headers() const {
  std::vector<LaneReport> reports;
  for (const Member& member : members_)
    reports.push_back({member.lane, {member.session->header(), {}, {}}});
  return reports;
}

bool TraceSessions::limit_reached() const {
  return std::ranges::all_of(members_,
                             [](const Member& member) { return member.session->limit_reached(); });
}

Accounting TraceSessions::books() const {
  Accounting sum;
  for (const Member& member : members_) {
    const Accounting books = member.session->books();
    sum.seen += books.seen;
    sum.reported += books.reported;
    sum.filtered += books.filtered;
    sum.in_flight += books.in_flight;
    for (const auto& [reason, count] : books.lost)
      sum.lost[reason] += count;
  }
  return sum;
}

std::vector<TraceSessions::LiveRows> TraceSessions::live() {
  std::vector<LiveRows> all;
  for (const Member& member : members_) {
    for (Table& table : member.session->live()) {
      if (!table.rows.empty()) all.push_back({member.lane, std::move(table)});
    }
  }
  return all;
}

}  // namespace sonde::cli
