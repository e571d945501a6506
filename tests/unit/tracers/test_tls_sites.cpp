#include <fcntl.h>

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "command.hpp"
#include "shared/http_event.h"
#include "tracers/net/tls_probes.hpp"
#include "util/unique_fd.hpp"

using namespace sonde;

namespace {

tracers::TlsSites sites_of(const std::string& library) {
  std::string path =
      test::output_of("ldconfig -p | awk '/\\t" + library + " .*x86-64/ {print $NF; exit}'");
  BOOST_REQUIRE_MESSAGE(!path.empty(), library << " is not installed");
  path.pop_back();
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return tracers::find_tls_sites(file.get());
}

std::multiset<std::uint64_t> functions_of(const tracers::TlsSites& sites) {
  std::multiset<std::uint64_t> functions;
  for (const core::UprobePoint& point : sites.enters)
    functions.insert(point.cookie & SONDE_TLS_FUNCTION);
  return functions;
}

}  // namespace

// In the libraries of the system every function has a place to see its calls and all its returns,
// and those that share code share places.
BOOST_AUTO_TEST_CASE(tls_libraries) {
  const tracers::TlsSites openssl = sites_of("libssl.so.3");
  BOOST_TEST(openssl.left_out.empty());
  BOOST_TEST(functions_of(openssl) ==
                 (std::multiset<std::uint64_t>{
                     SONDE_TLS_RECEIVES, SONDE_TLS_SENDS, SONDE_TLS_RECEIVES | SONDE_TLS_SAYS_MOVED,
                     SONDE_TLS_SENDS | SONDE_TLS_SAYS_MOVED, SONDE_TLS_ENDS}),
             boost::test_tools::per_element());
  // gnutls_record_send() goes on to gnutls_record_send2().
  const tracers::TlsSites gnutls = sites_of("libgnutls.so.30");
  BOOST_TEST(gnutls.left_out.empty());
  BOOST_TEST(functions_of(gnutls) == (std::multiset<std::uint64_t>{
                                         SONDE_TLS_RECEIVES, SONDE_TLS_RECEIVES,
                                         SONDE_TLS_SENDS | SONDE_TLS_RESUMES, SONDE_TLS_ENDS}),
             boost::test_tools::per_element());
  for (const tracers::TlsSites* sites : {&openssl, &gnutls}) {
    std::set<std::uint64_t> leaves;
    for (const core::UprobePoint& point : sites->leaves)
      BOOST_TEST(leaves.insert(point.offset).second);
    BOOST_TEST(!leaves.empty());
  }
}
