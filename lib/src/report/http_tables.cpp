#include "report/http_tables.hpp"

// A column without a title is for programs.
namespace sonde::report {

Table http_summary_table() {
  return {"http_summary",
          "HTTP",
          {{"role", "ROLE"},
           {"comm", "COMMAND"},
           {"server_address", "SERVER"},
           {"server_port", "PORT"},
           {"tls", ""},
           {"method", "METHOD"},
           {"path", "PATH"},
           {"status", "STATUS"},
           {"count", "COUNT", Unit::count},
           {"mean_ns", "MEAN", Unit::nanoseconds},
           {"p50_ns", "P50", Unit::nanoseconds},
           {"p90_ns", "P90", Unit::nanoseconds},
           {"p99_ns", "P99", Unit::nanoseconds},
           {"max_ns", "MAX", Unit::nanoseconds},
           {"request_bytes", "", Unit::bytes},
           {"response_bytes", "BYTES", Unit::bytes}},
          {}};
}

const Table& http_table() {
  static const Table table{"http",
                           "HTTP exchanges",
                           {{"time_ns", "TIME", Unit::timestamp},
                            {"pid", "PID"},
                            {"comm", "COMMAND"},
                            {"role", "ROLE"},
                            {"tls", "TLS"},
                            {"local_address", "LOCAL"},
                            {"local_port", "PORT"},
                            {"remote_address", "REMOTE"},
                            {"remote_port", "PORT"},
                            {"netns", "NETNS"},
                            {"host", "HOST"},
                            {"method", "METHOD"},
                            {"path", "PATH"},
                            {"path_cut", "CUT"},
                            {"status", "STATUS"},
                            {"latency_ns", "LATENCY", Unit::nanoseconds},
                            {"request_bytes", "REQUEST", Unit::bytes},
                            {"response_bytes", "RESPONSE", Unit::bytes},
                            {"text", "WHAT"}},
                           {},
                           "{time_ns} {pid}/{comm} {text}"};
  return table;
}

Table http_unseen_table() {
  return {"http_unseen",
          "HTTP that was not seen",
          {{"reason", "REASON"}, {"count", "COUNT", Unit::count}, {"what", "WHAT"}},
          {}};
}

}  // namespace sonde::report
