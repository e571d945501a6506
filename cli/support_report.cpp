#include "support_report.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace sonde::cli {
namespace {

Value or_absent(const std::string& text) {
  return text.empty() ? Value{} : Value{text};
}

Table checks_table(const std::vector<SystemCheck>& checks) {
  Table table{"check",
              "What was found",
              {{"name", "CHECK"}, {"ok", "OK"}, {"description", "GIVES"}, {"fix", "HOW TO FIX"}},
              {}};
  for (const SystemCheck& check : checks) {
    table.rows.push_back(
        {check.name, check.ok, or_absent(check.description), or_absent(check.fix)});
  }
  return table;
}

Table features_table(const std::vector<PlanEntry>& plan) {
  Table table{"feature",
              "What tracers will use",
              {{"tracer", "TRACER"},
               {"feature", "FEATURE"},
               {"state", "STATE"},
               {"hook", "HOOK"},
               {"consequence", "THEN MISSING"},
               {"fix", "HOW TO FIX"}},
              {}};
  for (const PlanEntry& entry : plan) {
    table.rows.push_back({entry.tracer, entry.feature, std::string(to_string(entry.state)),
                          or_absent(entry.hook), or_absent(entry.consequence),
                          or_absent(entry.fix)});
  }
  return table;
}

Report empty_report(const std::string& target) {
  Report report;
  utsname names{};
  ::uname(&names);
  report.header.command = "doctor";
  report.header.host = names.nodename;
  report.header.kernel = names.release;
  report.header.architecture = names.machine;
  report.header.started = std::chrono::system_clock::now();
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  report.header.online_cpus = cpus > 0 ? static_cast<std::uint32_t>(cpus) : 0;
  report.header.target = target;
  return report;
}

}  // namespace

Report support_report(const SystemSupport& support) {
  Report report = empty_report("this machine");
  report.header.kernel = support.kernel;
  report.sections = {checks_table(support.checks), features_table(support.plan)};
  if (!support.problem.empty()) report.summary.notices.push_back(support.problem);
  return report;
}

Report probe_report(const std::string& binary, const ProbeSites& found) {
  Report report = empty_report(binary);
  Table table{"probe_site",
              "Where breakpoints would be",
              {{"function", "FUNCTION"},
               {"probe", "PROBE"},
               {"from_entry_bytes", "FROM ENTRY", Unit::bytes},
               {"file_offset", "FILE OFFSET", Unit::count},
               {"instruction", "INSTRUCTION"},
               {"emulated", "EMULATED"},
               {"cost_ns", "COST", Unit::nanoseconds}},
              {}};
  for (const ProbeSite& site : found.sites) {
    const bool entry = site.probe == ProbeSite::Probe::entry;
    table.rows.push_back({site.function, std::string(entry ? "entry" : "return"),
                          site.from_entry_bytes, site.file_offset, site.instruction, site.emulated,
                          site.cost_ns ? Value{*site.cost_ns} : Value{}});
  }
  report.sections = {std::move(table)};
  if (!found.problem.empty())
    report.summary.notices.push_back("the cost was not measured: " + found.problem);
  return report;
}

}  // namespace sonde::cli
