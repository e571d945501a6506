#include "tracers/net/dns_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "dns/codes.hpp"
#include "dns/explanation.hpp"
#include "net/address.hpp"
#include "report/net_tables.hpp"

namespace sonde::tracers {
namespace {

Value text_or_null(std::string text) {
  return text.empty() ? Value{} : Value{std::move(text)};
}

// The first few: a name may have dozens.
std::string answers_text(const std::vector<std::string>& answers) {
  constexpr std::size_t kMostShown = 3;
  const std::span shown(answers.data(), std::min(answers.size(), kMostShown));
  std::string text = fmt::format("{}", fmt::join(shown, ", "));
  if (answers.size() > kMostShown)
    text += fmt::format(", and {} more", answers.size() - kMostShown);
  return text;
}

// "AAAA example.com @192.0.2.53: NXDOMAIN in 0.412 ms".
std::string line_text(const dns::Lookup& lookup, const std::string& server,
                      const std::vector<std::string>& answers, const std::string& why) {
  std::string text = "dns";
  if (lookup.question) {
    text += fmt::format(" {} {}", dns::type_name(lookup.question->type), lookup.question->name);
  }
  text += fmt::format(" @{}{}: {}", server, lookup.endpoints.tcp ? " tcp" : "",
                      dns::result_text(lookup));
  if (lookup.response)
    text += fmt::format(" in {:.3f} ms", static_cast<double>(lookup.waited_ns) / 1e6);
  if (!answers.empty()) text += fmt::format(" ({})", answers_text(answers));
  if (!why.empty()) text += ": " + why;
  return text;
}

}  // namespace

std::vector<Value> dns_row(const dns::Lookup& lookup, const core::WallClock& clock) {
  const dns::Endpoints& ends = lookup.endpoints;
  const std::string server = net::address_text(ends.server_address);
  const std::string local = net::address_text(ends.local_address);
  const std::string why = dns::explanation(lookup, server);
  std::vector<std::string> answers = dns::answer_texts(lookup);
  std::string text = line_text(lookup, server, answers, why);
  const bool known = lookup.client.pid != 0 || !lookup.client.comm.empty();
  const bool has_id = lookup.outcome != dns::Outcome::malformed;
  const auto& response = lookup.response;
  std::vector<Value> row;
  row.reserve(report::dns_table().columns.size());
  row.emplace_back(static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                 clock.time(lookup.time_ns).time_since_epoch())
                                                 .count()));
  row.push_back(known ? Value{std::uint64_t{lookup.client.pid}} : Value{});
  row.push_back(known ? Value{lookup.client.comm} : Value{});
  row.emplace_back(std::string(ends.tcp ? "tcp" : "udp"));
  row.emplace_back(std::string(server.find(':') == std::string::npos ? "ipv4" : "ipv6"));
  row.emplace_back(std::uint64_t{ends.netns});
  row.emplace_back(local);
  row.emplace_back(std::uint64_t{ends.local_port});
  row.emplace_back(server);
  row.emplace_back(std::uint64_t{ends.server_port});
  row.push_back(has_id ? Value{std::uint64_t{lookup.id}} : Value{});
  row.push_back(lookup.question ? Value{lookup.question->name} : Value{});
  row.push_back(lookup.question ? Value{dns::type_name(lookup.question->type)} : Value{});
  row.emplace_back(std::string(to_string(lookup.outcome)));
  row.push_back(response ? Value{dns::rcode_name(response->rcode)} : Value{});
  row.emplace_back(dns::result_text(lookup));
  row.push_back(response ? Value{lookup.waited_ns} : Value{});
  row.push_back(response ? Value{std::move(answers)} : Value{});
  row.push_back(response ? Value{response->truncated} : Value{});
  row.push_back(text_or_null(why));
  row.emplace_back(std::move(text));
  return row;
}

}  // namespace sonde::tracers
