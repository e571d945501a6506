#include "net_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string_view>
#include <utility>

#include "arguments.hpp"
#include "config/limits.hpp"
#include "config/network_names.hpp"
#include "flag_values.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

constexpr const char* kWhich = "Which connections (default: all)";
constexpr const char* kWhat = "What to record";

Result<void> read_list(std::string_view flag, const std::vector<std::string>& given,
                       std::vector<std::string>& into) {
  if (given.empty()) return {};
  auto words = split_lists(flag, given);
  if (!words) return tl::unexpected(std::move(words.error()));
  into = std::move(*words);
  return {};
}

Result<void> read_ports(std::string_view flag, const std::vector<std::string>& given,
                        std::vector<std::uint16_t>& into) {
  std::vector<std::string> words;
  if (auto read = read_list(flag, given, words); !read) return read;
  if (!words.empty()) into.clear();
  for (const std::string& word : words) {
    const auto port = parse_count(flag, word, config::kPort);
    if (!port) return tl::unexpected(port.error());
    into.push_back(static_cast<std::uint16_t>(*port));
  }
  return {};
}

}  // namespace

void NetFlags::add_to(CLI::App& app) {
  const auto latest = CLI::MultiOptionPolicy::TakeLast;
  const auto list = [&](const char* flag, std::vector<std::string>& into, const char* text,
                        const char* type) {
    app.add_option(flag, into, text)->type_name(type)->allow_extra_args(false)->group(kWhich);
  };
  list("--port", ports, "With this port at either end; repeatable", "PORT[,PORT...]");
  list("--local-port", local_ports, "With this local port; repeatable", "PORT[,PORT...]");
  list("--remote", remotes, "To this address or network, such as 10.0.0.0/8; repeatable",
       "ADDR[/BITS][,...]");
  list("--protocol", protocols, "Of these protocols: tcp, udp, unix; repeatable", "NAME[,NAME...]");
  list("--family", families, "Of these families: ipv4 (4), ipv6 (6), unix; repeatable",
       "NAME[,NAME...]");
  app.add_option("--netns", netns, "In this network namespace: a name of ip netns, a path or a pid")
      ->type_name("NAME")
      ->multi_option_policy(latest)
      ->group(kWhich);
  app.add_option("--by", by, "Rows are sums, and not connections")
      ->type_name("connection|process|remote|port|cgroup")
      ->multi_option_policy(latest)
      ->group(kWhat);
  app.add_flag("--events", events, "Instead of rows a line for each event when it happens")
      ->group(kWhat);
  app.add_flag("--packets", packets, "With --events, also each send and receive over TCP and UDP")
      ->group(kWhat);
  app.add_flag("--drops", drops, "Also the packets that the kernel drops, why and where")
      ->group(kWhat);
  app.add_flag("--dns", dns, "Also DNS queries and what became of them; --events has them always")
      ->group(kWhat);
  app.add_flag("--http", http, "HTTP/1 requests and responses, of clients and servers")
      ->group(kWhat);
  app.add_flag("--http-query", http_query, "Show the queries of HTTP paths, which may hold secrets")
      ->group(kWhat);
  app.add_flag("--histogram", histogram, "Also histograms of round-trip times and latencies")
      ->group(kWhat);
  app.add_option("--buffer", ring_bytes,
                 "Size of the kernel's buffer of records, such as 64K (default: 4M)")
      ->type_name("SIZE")
      ->multi_option_policy(latest)
      ->group(kWhat);
}

Result<void> NetFlags::apply_filters(NetworkOptions& options) const {
  if (auto read = read_ports("--port", ports, options.ports); !read) return read;
  if (auto read = read_ports("--local-port", local_ports, options.local_ports); !read) return read;
  if (auto read = read_list("--remote", remotes, options.remotes); !read) return read;
  if (auto read = read_list("--protocol", protocols, options.protocols); !read) return read;
  if (auto read = read_list("--family", families, options.families); !read) return read;
  if (!netns.empty()) options.netns = netns;
  return {};
}

Result<void> NetFlags::check(const NetworkOptions& options) const {
  if (options.events && !by.empty()) {
    return fail(ErrorCode::ConfigError,
                "--events cannot be combined with --by: it shows each event, and no sums");
  }
  if (options.events && options.histograms) {
    return fail(ErrorCode::ConfigError,
                "--events cannot be combined with --histogram: it shows each event, and no sums");
  }
  if (packets && !options.events) return fail(ErrorCode::ConfigError, "--packets needs --events");
  if (options.http_query && !options.http)
    return fail(ErrorCode::ConfigError, "--http-query needs --http");
  return {};
}

Result<void> NetFlags::apply(EbpfConfig& config) const {
  NetworkOptions& options = config.network;
  if (auto applied = apply_filters(options); !applied) return applied;
  if (!by.empty()) {
    const auto group = config::parse_network_group(by);
    if (!group) return for_flag("--by", group.error());
    options.by = *group;
  }
  if (!ring_bytes.empty()) {
    const auto bytes = parse_size("--buffer", ring_bytes, config::kRingBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    options.ring_bytes = *bytes;
  }
  if (events) options.events = true;
  if (packets) options.packets = true;
  if (drops) options.drops = true;
  if (dns) options.dns = true;
  if (http) options.http = true;
  if (http_query) options.http_query = true;
  if (histogram) options.histograms = true;
  return check(options);
}

}  // namespace sonde::cli
