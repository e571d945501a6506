#include <bpf/libbpf.h>

#include <boost/test/unit_test.hpp>
#include <cstdarg>
#include <string>
#include <thread>

#include "core/libbpf_log.hpp"

using sonde::core::LibbpfLog;

namespace {

int g_seen_by_host = 0;
int host_print(libbpf_print_level, const char*, va_list) {
  return ++g_seen_by_host;
}

// An object that is no ELF makes libbpf complain.
void make_libbpf_complain() {
  ::bpf_object__close(::bpf_object__open_mem("garbage", 7, nullptr));
}

}  // namespace

// Messages are collected, and the host program's callback is put back afterwards.
BOOST_AUTO_TEST_CASE(collects_and_restores) {
  const libbpf_print_fn_t original = ::libbpf_set_print(host_print);
  g_seen_by_host = 0;
  {
    const LibbpfLog log;
    make_libbpf_complain();
    BOOST_TEST(log.text().find("libbpf:") != std::string::npos);
    BOOST_TEST(g_seen_by_host == 0);
  }
  make_libbpf_complain();
  BOOST_TEST(g_seen_by_host > 0);
  BOOST_TEST((::libbpf_set_print(original) == host_print));
}

// Another thread's messages keep going to the host's callback meanwhile.
BOOST_AUTO_TEST_CASE(other_threads_are_left_alone) {
  const libbpf_print_fn_t original = ::libbpf_set_print(host_print);
  g_seen_by_host = 0;
  const LibbpfLog log;
  std::thread(make_libbpf_complain).join();
  BOOST_TEST(log.text().empty());
  BOOST_TEST(g_seen_by_host > 0);
  ::libbpf_set_print(original);
}
