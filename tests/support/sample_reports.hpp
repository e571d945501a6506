// Hand-made results. The figures in the comments are computed by hand; tests compare formats with
// them.
#pragma once

#include <sonde/report.hpp>

namespace sonde::test {

/// 200 samples of three processes, with an inlined function, a recursion, kernel and JIT frames,
/// and a stack without frames.
///   self  hot 100 (50 %), clamp 40 (20 %), warm 30 (15 %), fib 15 (7.5 %), Hello 8 (4 %),
///   clear_page 5 (2.5 %),
///         no stack 2 (1 %)
///   total main 175 (87.5 %), _start 175, hot 145 (72.5 %), clamp 40, warm 30, libc 23 (11.5 %),
///   fib 15, Hello 8,
///         clear_page 5, fault 5, no stack 2
///   pid   100: 175, 200: 23, 300: 2
Report cpu_report();

/// The same session reported in two parts of 1 s: stacks of pid 100, then the others.
Report cpu_report_first_interval();
Report cpu_report_last_interval();

/// Every text is hostile: not UTF-8, terminal escapes, line breaks, separators of the formats.
Report hostile_report();

/// A session that saw nothing.
Report empty_report();

/// What `sonde doctor` reports: rows of its record types, and no books since nothing was traced.
Report doctor_report();

/// What `sonde syscall` reports: rows by everything, by error, in flight, a histogram and stacks.
Report syscall_report();

/// What `sonde mem` reports: growth by kind, and as a secondary profile allocations, of which one
/// stack is said to grow.
Report memory_report();

/// Live rows: a call that succeeded, one that failed with hostile texts, and one that never
/// returned.
Table call_rows();

/// What `sonde net` reports: open, closed and failed connections, listeners, traffic, latencies.
Report net_report();

/// What `sonde net --drops --dns` adds to it: dropped packets and their stacks, and DNS queries.
Report packets_report();
/// What `sonde net --http` reports of HTTP.
Report http_report();
/// Live rows of `sonde net --http --events`.
Table http_rows();

/// A live row of `sonde net --events`.
Table net_event_rows();

/// Rows instead of stacks, a value of every kind.
Report rows_report();

}  // namespace sonde::test
