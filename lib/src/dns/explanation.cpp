#include "dns/explanation.hpp"

#include <fmt/format.h>

#include "dns/codes.hpp"

namespace sonde::dns {
namespace {

double seconds(std::uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

std::string quoted_name(const Lookup& lookup) {
  return lookup.question ? lookup.question->name : std::string("the query");
}

// Destination unreachable: type 3 of ICMP (RFC 792, 1122, 1812), 1 of ICMPv6 (RFC 4443).
std::string unreachable_text(const IcmpError& icmp, const std::string& server, std::uint16_t port) {
  constexpr std::uint8_t kIcmp = 3;
  const bool no_port = icmp.code == (icmp.type == kIcmp ? 3 : 4);
  const bool prohibited = icmp.type == kIcmp ? icmp.code == 9 || icmp.code == 10 || icmp.code == 13
                                             : icmp.code == 1 || icmp.code == 5 || icmp.code == 6;
  if (no_port)
    return fmt::format("nothing listens at {} port {} (ICMP port unreachable)", server, port);
  if (prohibited)
    return fmt::format("a firewall does not let queries to {} pass (ICMP prohibited)", server);
  return fmt::format("{} cannot be reached (ICMP type {} code {})", server, icmp.type, icmp.code);
}

std::string response_text(const Lookup& lookup, const std::string& server) {
  const Message& response = *lookup.response;
  if (response.rcode != 0) {
    std::string text = fmt::format("{} answers {}", server, rcode_name(response.rcode));
    if (const auto meaning = rcode_meaning(response.rcode); !meaning.empty())
      text += fmt::format(" for {}: {}", quoted_name(lookup), meaning);
    if (response.edns && response.edns->extended_error) {
      const auto reason = extended_error(*response.edns->extended_error);
      text += reason.empty() ? fmt::format(" (extended error {})", *response.edns->extended_error)
                             : fmt::format(" ({})", reason);
    }
    return text;
  }
  if (response.truncated && !lookup.endpoints.tcp)
    return "the answer did not fit into a UDP packet: the resolver has to ask again over TCP";
  if (response.defect != Defect::none && response.defect != Defect::cut)
    return fmt::format("the response of {} is malformed: {}", server, to_string(response.defect));
  if (response.answer_count == 0 && lookup.question) {
    return fmt::format("{} has no {} records", lookup.question->name,
                       type_name(lookup.question->type));
  }
  return {};
}

}  // namespace

bool has_failed(const Lookup& lookup) noexcept {
  switch (lookup.outcome) {
    case Outcome::answered:
      return lookup.response && lookup.response->rcode != 0;
    case Outcome::timed_out:
    case Outcome::asked_again:
    case Outcome::unreachable:
    case Outcome::malformed:
      return true;
    case Outcome::pending:
    case Outcome::unknown:
      return false;
  }
  return false;
}

std::string result_text(const Lookup& lookup) {
  return lookup.response ? rcode_name(lookup.response->rcode)
                         : std::string(to_string(lookup.outcome));
}

std::string explanation(const Lookup& lookup, const std::string& server) {
  switch (lookup.outcome) {
    case Outcome::answered:
      return lookup.response ? response_text(lookup, server) : std::string();
    case Outcome::timed_out:
      return fmt::format("no answer from {} port {} within {:.3g} s", server,
                         lookup.endpoints.server_port, seconds(lookup.waited_ns));
    case Outcome::asked_again:
      return fmt::format("no answer from {} port {} before the same query was sent again", server,
                         lookup.endpoints.server_port);
    case Outcome::unreachable:
      return unreachable_text(lookup.icmp.value_or(IcmpError{}), server,
                              lookup.endpoints.server_port);
    case Outcome::malformed:
      return fmt::format("what was sent to {} port {} is no DNS message", server,
                         lookup.endpoints.server_port);
    case Outcome::pending:
      return "no answer yet when tracing ended";
    case Outcome::unknown:
      return "no answer was seen, but packets were lost on their way to sonde";
  }
  return {};
}

std::vector<std::string> answer_texts(const Lookup& lookup) {
  std::vector<std::string> texts;
  if (!lookup.response) return texts;
  for (const Record& record : lookup.response->answers)
    texts.push_back(type_name(record.type) + ' ' + record.content);
  return texts;
}

}  // namespace sonde::dns
