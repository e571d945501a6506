#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sonde/network_tracer.hpp>

using namespace sonde;

namespace {

// A process that connects to itself when it is told to: a tracer does not show its own process.
class Talker {
 public:
  static constexpr std::uint64_t kSent = 1'000;
  static constexpr std::uint64_t kAnswered = 10;

  Talker() {
    BOOST_TEST_REQUIRE(::pipe(go_) == 0);
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_TEST_REQUIRE(::bind(listener_, any(), sizeof(address_)) == 0);
    BOOST_TEST_REQUIRE(::listen(listener_, 1) == 0);
    socklen_t length = sizeof(address_);
    BOOST_TEST_REQUIRE(::getsockname(listener_, any(), &length) == 0);
    pid_ = ::fork();
    if (pid_ != 0) return;
    char byte = 0;
    ::_exit(::read(go_[0], &byte, 1) == 1 && connect_to_itself() ? 0 : 1);
  }
  ~Talker() {
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    ::close(go_[0]);
    ::close(go_[1]);
    ::close(listener_);
  }

  void talk() {
    BOOST_TEST_REQUIRE(::write(go_[1], "x", 1) == 1);
    int status = -1;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    BOOST_TEST_REQUIRE(status == 0);
  }
  std::uint16_t port() const { return ntohs(address_.sin_port); }
  int pid() const { return pid_; }

 private:
  sockaddr* any() { return reinterpret_cast<sockaddr*>(&address_); }

  bool connect_to_itself() {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(client, any(), sizeof(address_)) != 0) return false;
    const int server = ::accept(listener_, nullptr, nullptr);
    std::vector<char> bytes(kSent);
    if (::send(client, bytes.data(), kSent, 0) != static_cast<ssize_t>(kSent)) return false;
    if (::recv(server, bytes.data(), kSent, MSG_WAITALL) != static_cast<ssize_t>(kSent))
      return false;
    if (::send(server, bytes.data(), kAnswered, 0) != static_cast<ssize_t>(kAnswered)) return false;
    if (::recv(client, bytes.data(), kAnswered, MSG_WAITALL) != static_cast<ssize_t>(kAnswered))
      return false;
    return ::close(client) == 0 && ::close(server) == 0;
  }

  int go_[2] = {-1, -1};
  int listener_ = -1;
  sockaddr_in address_{};
  pid_t pid_ = 0;
};

EbpfConfig tracing(const Talker& talker) {
  EbpfConfig config;
  config.network.ports = {talker.port()};
  return config;
}

}  // namespace

// Statistics, books and events agree with what the child did.
BOOST_AUTO_TEST_CASE(network_of_a_child) {
  Talker talker;
  const int pid = talker.pid();
  EbpfConfig config = tracing(talker);
  config.events.enabled = true;
  EbpfNetworkTracer tracer(config);
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  talker.talk();
  const auto report = tracer.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  const NetworkStatistics statistics = tracer.get_stats();
  BOOST_TEST(statistics.balanced());
  BOOST_TEST(statistics.lost_total() == 0u);
  BOOST_TEST(statistics.bytes_sent == Talker::kSent + Talker::kAnswered);
  BOOST_TEST(statistics.bytes_received == Talker::kSent + Talker::kAnswered);
  // Both ends, and the listener, which this process has as well.
  BOOST_TEST(statistics.total_connections >= 2u);

  std::vector<EbpfEvent> events;
  for (auto some = tracer.take_events(); !some.empty(); some = tracer.take_events())
    events.insert(events.end(), some.begin(), some.end());
  std::vector<const NetworkConnect*> connects;
  std::vector<const NetworkDisconnect*> disconnects;
  for (const EbpfEvent& event : events) {
    BOOST_TEST(event.pid == pid);
    if (const auto* connect = event.get_if<NetworkConnect>()) connects.push_back(connect);
    if (const auto* disconnect = event.get_if<NetworkDisconnect>())
      disconnects.push_back(disconnect);
  }
  BOOST_TEST_REQUIRE(connects.size() == 2u);
  std::ranges::sort(connects, {}, &NetworkConnect::accepted);
  BOOST_TEST(connects[0]->remote.address == "127.0.0.1");
  BOOST_TEST(connects[0]->remote.port == talker.port());
  BOOST_TEST(connects[0]->latency.has_value());
  BOOST_TEST(connects[1]->accepted);
  BOOST_TEST(connects[1]->local.port == talker.port());
  BOOST_TEST_REQUIRE(disconnects.size() == 2u);
  std::ranges::sort(disconnects, {}, &NetworkDisconnect::sent_bytes);
  BOOST_TEST(disconnects[0]->sent_bytes == Talker::kAnswered);
  BOOST_TEST(disconnects[1]->sent_bytes == Talker::kSent);
  BOOST_TEST(disconnects[1]->error.empty());
}

// One event for each call that moved something, in order; none unless they are asked for.
BOOST_AUTO_TEST_CASE(packets_of_a_child) {
  for (const bool wanted : {true, false}) {
    Talker talker;
    const int pid = talker.pid();
    EbpfConfig config = tracing(talker);
    config.events.enabled = true;
    config.network.packets = wanted;
    EbpfNetworkTracer tracer(config);
    BOOST_TEST_REQUIRE(tracer.start().has_value());
    talker.talk();
    BOOST_TEST_REQUIRE(tracer.stop().has_value());
    BOOST_TEST(tracer.get_stats().balanced());
    BOOST_TEST(tracer.get_stats().lost_total() == 0u);
    BOOST_TEST(tracer.get_events_lost() == 0u);

    std::vector<NetworkPacket> packets;
    std::vector<std::chrono::system_clock::time_point> times;
    for (auto some = tracer.take_events(); !some.empty(); some = tracer.take_events()) {
      for (const EbpfEvent& event : some) {
        const auto* const packet = event.get_if<NetworkPacket>();
        if (packet == nullptr) continue;
        BOOST_TEST((event.type() == EbpfEventType::NetworkPacket));
        BOOST_TEST(event.pid == pid);
        packets.push_back(*packet);
        times.push_back(event.time);
      }
    }
    if (!wanted) {
      BOOST_TEST(packets.empty());
      continue;
    }
    BOOST_TEST(std::ranges::is_sorted(times));
    BOOST_TEST_REQUIRE(packets.size() == 4u);
    const std::uint64_t sizes[] = {Talker::kSent, Talker::kSent, Talker::kAnswered,
                                   Talker::kAnswered};
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const NetworkPacket& packet = packets[i];
      BOOST_TEST(packet.bytes == sizes[i]);
      BOOST_TEST(packet.outgoing == (i % 2 == 0));
      BOOST_TEST((packet.protocol == NetworkProtocol::tcp));
      BOOST_TEST(packet.local.address == "127.0.0.1");
      BOOST_TEST(packet.remote.address == "127.0.0.1");
      const bool is_client = i == 0 || i == 3;
      BOOST_TEST((is_client ? packet.remote : packet.local).port == talker.port());
    }
  }
}

// Filters that mean nothing are told before privileges are asked for.
BOOST_AUTO_TEST_CASE(network_filters_are_checked) {
  EbpfConfig config;
  config.network.remotes = {"10.0.0.0/40"};
  EbpfNetworkTracer tracer(config);
  const auto started = tracer.start();
  BOOST_TEST_REQUIRE(!started.has_value());
  BOOST_TEST((started.error().code == ErrorCode::ConfigError));
}
