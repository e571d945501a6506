#include "syscalls/socket_names.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "syscalls/names.hpp"

namespace sonde::syscalls {
namespace {

constexpr Name kDomain[] = {NAMED(AF_UNSPEC),  NAMED(AF_UNIX),   NAMED(AF_INET), NAMED(AF_INET6),
                            NAMED(AF_NETLINK), NAMED(AF_PACKET), NAMED(AF_ALG),  NAMED(AF_VSOCK)};
constexpr Name kSocketType[] = {NAMED(SOCK_STREAM), NAMED(SOCK_DGRAM), NAMED(SOCK_RAW),
                                NAMED(SOCK_SEQPACKET)};
constexpr Name kSocketFlags[] = {NAMED(SOCK_CLOEXEC), NAMED(SOCK_NONBLOCK)};
constexpr Name kMessage[] = {NAMED(MSG_OOB),      NAMED(MSG_PEEK),    NAMED(MSG_DONTROUTE),
                             NAMED(MSG_CTRUNC),   NAMED(MSG_TRUNC),   NAMED(MSG_DONTWAIT),
                             NAMED(MSG_EOR),      NAMED(MSG_WAITALL), NAMED(MSG_ERRQUEUE),
                             NAMED(MSG_NOSIGNAL), NAMED(MSG_MORE),    NAMED(MSG_CMSG_CLOEXEC)};
constexpr Name kLevel[] = {{0, "SOL_IP"},        NAMED(SOL_SOCKET), {6, "SOL_TCP"},
                           {17, "SOL_UDP"},      {41, "SOL_IPV6"},  {58, "SOL_ICMPV6"},
                           {132, "SOL_SCTP"},    {255, "SOL_RAW"},  {263, "SOL_PACKET"},
                           {270, "SOL_NETLINK"}, {279, "SOL_ALG"},  {282, "SOL_TLS"}};
constexpr Name kInternet[] = {NAMED(IPPROTO_IP),     NAMED(IPPROTO_ICMP),   NAMED(IPPROTO_TCP),
                              NAMED(IPPROTO_UDP),    NAMED(IPPROTO_IPV6),   NAMED(IPPROTO_GRE),
                              NAMED(IPPROTO_ICMPV6), NAMED(IPPROTO_SCTP),   NAMED(IPPROTO_UDPLITE),
                              NAMED(IPPROTO_RAW),    {262, "IPPROTO_MPTCP"}};
constexpr Name kNetlink[] = {
    NAMED(NETLINK_ROUTE),          NAMED(NETLINK_USERSOCK),  NAMED(NETLINK_SOCK_DIAG),
    NAMED(NETLINK_NFLOG),          NAMED(NETLINK_XFRM),      NAMED(NETLINK_SELINUX),
    NAMED(NETLINK_AUDIT),          NAMED(NETLINK_CONNECTOR), NAMED(NETLINK_NETFILTER),
    NAMED(NETLINK_KOBJECT_UEVENT), NAMED(NETLINK_GENERIC),   NAMED(NETLINK_CRYPTO)};
// Of the options with two numbers for two layouts of time, glibc has only one name.
constexpr Name kSocketOption[] = {NAMED(SO_DEBUG),         NAMED(SO_REUSEADDR),
                                  NAMED(SO_TYPE),          NAMED(SO_ERROR),
                                  NAMED(SO_DONTROUTE),     NAMED(SO_BROADCAST),
                                  NAMED(SO_SNDBUF),        NAMED(SO_RCVBUF),
                                  NAMED(SO_KEEPALIVE),     NAMED(SO_OOBINLINE),
                                  NAMED(SO_NO_CHECK),      NAMED(SO_PRIORITY),
                                  NAMED(SO_LINGER),        NAMED(SO_BSDCOMPAT),
                                  NAMED(SO_REUSEPORT),     NAMED(SO_PASSCRED),
                                  NAMED(SO_PEERCRED),      NAMED(SO_RCVLOWAT),
                                  NAMED(SO_SNDLOWAT),      {20, "SO_RCVTIMEO_OLD"},
                                  {21, "SO_SNDTIMEO_OLD"}, NAMED(SO_BINDTODEVICE),
                                  NAMED(SO_ATTACH_FILTER), NAMED(SO_DETACH_FILTER),
                                  NAMED(SO_PEERNAME),      {29, "SO_TIMESTAMP_OLD"},
                                  NAMED(SO_ACCEPTCONN),    NAMED(SO_PEERSEC),
                                  NAMED(SO_SNDBUFFORCE),   NAMED(SO_RCVBUFFORCE),
                                  NAMED(SO_PASSSEC),       {35, "SO_TIMESTAMPNS_OLD"},
                                  NAMED(SO_MARK),          {37, "SO_TIMESTAMPING_OLD"},
                                  NAMED(SO_PROTOCOL),      NAMED(SO_DOMAIN),
                                  NAMED(SO_RXQ_OVFL),      NAMED(SO_PEEK_OFF),
                                  NAMED(SO_LOCK_FILTER),   NAMED(SO_BUSY_POLL),
                                  NAMED(SO_INCOMING_CPU),  NAMED(SO_ATTACH_BPF),
                                  NAMED(SO_MEMINFO),       NAMED(SO_COOKIE),
                                  NAMED(SO_PEERGROUPS),    NAMED(SO_ZEROCOPY),
                                  {66, "SO_RCVTIMEO_NEW"}, {67, "SO_SNDTIMEO_NEW"}};
constexpr Name kTcpOption[] = {
    NAMED(TCP_NODELAY),          NAMED(TCP_MAXSEG),        NAMED(TCP_CORK),
    NAMED(TCP_KEEPIDLE),         NAMED(TCP_KEEPINTVL),     NAMED(TCP_KEEPCNT),
    NAMED(TCP_SYNCNT),           NAMED(TCP_LINGER2),       NAMED(TCP_DEFER_ACCEPT),
    NAMED(TCP_WINDOW_CLAMP),     NAMED(TCP_INFO),          NAMED(TCP_QUICKACK),
    NAMED(TCP_CONGESTION),       NAMED(TCP_USER_TIMEOUT),  NAMED(TCP_FASTOPEN),
    NAMED(TCP_TIMESTAMP),        NAMED(TCP_NOTSENT_LOWAT), NAMED(TCP_ULP),
    {30, "TCP_FASTOPEN_CONNECT"}};
constexpr Name kIpOption[] = {NAMED(IP_TOS),
                              NAMED(IP_TTL),
                              NAMED(IP_HDRINCL),
                              NAMED(IP_OPTIONS),
                              NAMED(IP_RECVOPTS),
                              NAMED(IP_RETOPTS),
                              NAMED(IP_PKTINFO),
                              NAMED(IP_MTU_DISCOVER),
                              NAMED(IP_RECVERR),
                              NAMED(IP_RECVTTL),
                              NAMED(IP_RECVTOS),
                              NAMED(IP_MTU),
                              NAMED(IP_FREEBIND),
                              NAMED(IP_TRANSPARENT),
                              NAMED(IP_MULTICAST_IF),
                              NAMED(IP_MULTICAST_TTL),
                              NAMED(IP_MULTICAST_LOOP),
                              NAMED(IP_ADD_MEMBERSHIP),
                              NAMED(IP_DROP_MEMBERSHIP),
                              {24, "IP_BIND_ADDRESS_NO_PORT"}};
constexpr Name kIpv6Option[] = {NAMED(IPV6_UNICAST_HOPS),    NAMED(IPV6_MULTICAST_IF),
                                NAMED(IPV6_MULTICAST_HOPS),  NAMED(IPV6_MULTICAST_LOOP),
                                {20, "IPV6_ADD_MEMBERSHIP"}, {21, "IPV6_DROP_MEMBERSHIP"},
                                NAMED(IPV6_MTU_DISCOVER),    NAMED(IPV6_MTU),
                                NAMED(IPV6_RECVERR),         NAMED(IPV6_V6ONLY),
                                NAMED(IPV6_RECVPKTINFO),     NAMED(IPV6_PKTINFO),
                                NAMED(IPV6_RECVHOPLIMIT),    NAMED(IPV6_HOPLIMIT),
                                NAMED(IPV6_RECVTCLASS),      NAMED(IPV6_TCLASS)};
constexpr Name kNetlinkOption[] = {
    NAMED(NETLINK_ADD_MEMBERSHIP),  NAMED(NETLINK_DROP_MEMBERSHIP), NAMED(NETLINK_PKTINFO),
    NAMED(NETLINK_BROADCAST_ERROR), NAMED(NETLINK_NO_ENOBUFS),      NAMED(NETLINK_LIST_MEMBERSHIPS),
    NAMED(NETLINK_CAP_ACK),         NAMED(NETLINK_EXT_ACK),         NAMED(NETLINK_GET_STRICT_CHK)};
constexpr Name kShutdown[] = {NAMED(SHUT_RD), NAMED(SHUT_WR), NAMED(SHUT_RDWR)};
constexpr Name kEpoll[] = {NAMED(EPOLL_CTL_ADD), NAMED(EPOLL_CTL_DEL), NAMED(EPOLL_CTL_MOD)};
constexpr Name kEpollCreate[] = {NAMED(EPOLL_CLOEXEC)};
// EPOLLET and its like are negative as int.
constexpr Name kEpollEvents[] = {NAMED(EPOLLIN),
                                 NAMED(EPOLLPRI),
                                 NAMED(EPOLLOUT),
                                 NAMED(EPOLLERR),
                                 NAMED(EPOLLHUP),
                                 NAMED(EPOLLRDNORM),
                                 NAMED(EPOLLRDBAND),
                                 NAMED(EPOLLWRNORM),
                                 NAMED(EPOLLWRBAND),
                                 NAMED(EPOLLMSG),
                                 NAMED(EPOLLRDHUP),
                                 {1u << 28, "EPOLLEXCLUSIVE"},
                                 {1u << 29, "EPOLLWAKEUP"},
                                 {1u << 30, "EPOLLONESHOT"},
                                 {1u << 31, "EPOLLET"}};
constexpr Name kPollEvents[] = {
    NAMED(POLLIN),   NAMED(POLLPRI),    NAMED(POLLOUT),    NAMED(POLLERR),    NAMED(POLLHUP),
    NAMED(POLLNVAL), NAMED(POLLRDNORM), NAMED(POLLRDBAND), NAMED(POLLWRNORM), NAMED(POLLWRBAND),
    NAMED(POLLMSG),  NAMED(POLLREMOVE), NAMED(POLLRDHUP)};
constexpr Name kEventfd[] = {NAMED(EFD_SEMAPHORE), NAMED(EFD_CLOEXEC), NAMED(EFD_NONBLOCK)};
constexpr Name kInotify[] = {NAMED(IN_CLOEXEC), NAMED(IN_NONBLOCK)};
constexpr Name kTimerfd[] = {NAMED(TFD_CLOEXEC), NAMED(TFD_NONBLOCK)};
constexpr Name kTimerfdSet[] = {NAMED(TFD_TIMER_ABSTIME), NAMED(TFD_TIMER_CANCEL_ON_SET)};
constexpr Name kSignalfd[] = {{02000000, "SFD_CLOEXEC"}, {04000, "SFD_NONBLOCK"}};
constexpr Name kWatch[] = {
    {0xfff, "IN_ALL_EVENTS"}, NAMED(IN_ACCESS),        NAMED(IN_MODIFY),
    NAMED(IN_ATTRIB),         NAMED(IN_CLOSE_WRITE),   NAMED(IN_CLOSE_NOWRITE),
    NAMED(IN_OPEN),           NAMED(IN_MOVED_FROM),    NAMED(IN_MOVED_TO),
    NAMED(IN_CREATE),         NAMED(IN_DELETE),        NAMED(IN_DELETE_SELF),
    NAMED(IN_MOVE_SELF),      NAMED(IN_ONLYDIR),       NAMED(IN_DONT_FOLLOW),
    NAMED(IN_EXCL_UNLINK),    NAMED(IN_MASK_CREATE),   NAMED(IN_MASK_ADD),
    NAMED(IN_ISDIR),          {1u << 31, "IN_ONESHOT"}};

constexpr NamedKind kKinds[] = {
    {Arg::socket_domain, kDomain, false, "AF_???"},
    {Arg::message_flags, kMessage, true, "MSG_???"},
    {Arg::socket_level, kLevel, false, "SOL_???"},
    {Arg::shutdown_how, kShutdown, false, "SHUT_???"},
    {Arg::epoll_command, kEpoll, false, "EPOLL_CTL_???"},
    {Arg::epoll_flags, kEpollCreate, true, "EPOLL_???"},
    {Arg::epoll_events, kEpollEvents, true, "EPOLL???"},
    {Arg::poll_events, kPollEvents, true, "POLL???"},
    {Arg::eventfd_flags, kEventfd, true, "EFD_???"},
    {Arg::inotify_flags, kInotify, true, "IN_???"},
    {Arg::inotify_mask, kWatch, true, "IN_???"},
    {Arg::timerfd_flags, kTimerfd, true, "TFD_???"},
    {Arg::timerfd_set_flags, kTimerfdSet, true, "TFD_???"},
    {Arg::signalfd_flags, kSignalfd, true, "SFD_???"},
};

std::string socket_type(std::uint64_t value) {
  constexpr std::uint64_t kType = 0xf;
  std::string text = (value & kType) == 0 ? "" : one_of(kSocketType, value & kType);
  add_bits(text, kSocketFlags, value & ~kType);
  return text.empty() ? "0" : text;
}

}  // namespace

std::string named_socket_value(Arg kind, std::uint64_t value) {
  if (kind == Arg::socket_type) return socket_type(value & 0xffffffff);
  return named_by(kKinds, kind, value);
}

std::string socket_protocol(std::uint64_t domain, std::uint64_t protocol) {
  protocol &= 0xffffffff;
  if (domain == AF_INET || domain == AF_INET6) return one_of(kInternet, protocol, "IPPROTO_???");
  if (domain == AF_NETLINK) return one_of(kNetlink, protocol, "NETLINK_???");
  return fmt::format("{}", protocol);
}

std::string socket_option(std::uint64_t level, std::uint64_t option) {
  option &= 0xffffffff;
  switch (level & 0xffffffff) {
    case SOL_SOCKET:
      return one_of(kSocketOption, option, "SO_???");
    case SOL_TCP:
      return one_of(kTcpOption, option, "TCP_???");
    case SOL_IP:
      return one_of(kIpOption, option, "IP_???");
    case SOL_NETLINK:
      return one_of(kNetlinkOption, option, "NETLINK_???");
    case IPPROTO_IPV6:
      return one_of(kIpv6Option, option, "IPV6_???");
    default:
      return fmt::format("{:#x}", option);
  }
}

}  // namespace sonde::syscalls
