#pragma once

#include <sonde/config.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace sonde::cli {

/// The flags of `sonde net` as they were written.
struct NetFlags {
  static constexpr std::string_view kTracer = "net";

  std::vector<std::string> ports;
  std::vector<std::string> local_ports;
  std::vector<std::string> remotes;
  std::vector<std::string> protocols;
  std::vector<std::string> families;
  std::string netns;
  std::string by;
  std::string ring_bytes;
  bool events = false;
  bool packets = false;
  bool drops = false;
  bool dns = false;
  bool http = false;
  bool http_query = false;
  bool histogram = false;

  void add_to(CLI::App& app);
  /// What was given replaces that setting of `config`. ConfigError names the flag.
  Result<void> apply(EbpfConfig& config) const;

 private:
  Result<void> apply_filters(NetworkOptions& options) const;
  Result<void> check(const NetworkOptions& options) const;
};

}  // namespace sonde::cli
