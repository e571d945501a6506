#include "syscalls/process_names.hpp"

#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "syscalls/flag_names.hpp"
#include "syscalls/names.hpp"

namespace sonde::syscalls {
namespace {

constexpr Name kFutex[] = {
    NAMED(FUTEX_WAIT),           NAMED(FUTEX_WAKE),        NAMED(FUTEX_FD),
    NAMED(FUTEX_REQUEUE),        NAMED(FUTEX_CMP_REQUEUE), NAMED(FUTEX_WAKE_OP),
    NAMED(FUTEX_LOCK_PI),        NAMED(FUTEX_UNLOCK_PI),   NAMED(FUTEX_TRYLOCK_PI),
    NAMED(FUTEX_WAIT_BITSET),    NAMED(FUTEX_WAKE_BITSET), NAMED(FUTEX_WAIT_REQUEUE_PI),
    NAMED(FUTEX_CMP_REQUEUE_PI), {13, "FUTEX_LOCK_PI2"}};
constexpr Name kClone[] = {NAMED(CLONE_VM),
                           NAMED(CLONE_FS),
                           NAMED(CLONE_FILES),
                           NAMED(CLONE_SIGHAND),
                           NAMED(CLONE_PTRACE),
                           NAMED(CLONE_VFORK),
                           NAMED(CLONE_PARENT),
                           NAMED(CLONE_THREAD),
                           NAMED(CLONE_NEWNS),
                           NAMED(CLONE_SYSVSEM),
                           NAMED(CLONE_SETTLS),
                           NAMED(CLONE_PARENT_SETTID),
                           NAMED(CLONE_CHILD_CLEARTID),
                           NAMED(CLONE_CHILD_SETTID),
                           NAMED(CLONE_NEWCGROUP),
                           NAMED(CLONE_NEWUTS),
                           NAMED(CLONE_NEWIPC),
                           NAMED(CLONE_NEWUSER),
                           NAMED(CLONE_NEWPID),
                           NAMED(CLONE_NEWNET),
                           NAMED(CLONE_PIDFD),
                           NAMED(CLONE_UNTRACED),
                           NAMED(CLONE_IO),
                           {0x100000000, "CLONE_CLEAR_SIGHAND"},
                           {0x200000000, "CLONE_INTO_CGROUP"}};
constexpr Name kSigprocmask[] = {NAMED(SIG_BLOCK), NAMED(SIG_UNBLOCK), NAMED(SIG_SETMASK)};
constexpr Name kSignalFlags[] = {
    NAMED(SA_NOCLDSTOP), NAMED(SA_NOCLDWAIT), NAMED(SA_SIGINFO), {0x04000000, "SA_RESTORER"},
    NAMED(SA_ONSTACK),   NAMED(SA_RESTART),   NAMED(SA_NODEFER), {0x80000000, "SA_RESETHAND"}};
constexpr Name kStackFlags[] = {NAMED(SS_ONSTACK), NAMED(SS_DISABLE), {1u << 31, "SS_AUTODISARM"}};
constexpr Name kWait[] = {NAMED(WNOHANG),         NAMED(WSTOPPED),
                          NAMED(WEXITED),         NAMED(WCONTINUED),
                          NAMED(WNOWAIT),         {0x20000000, "__WNOTHREAD"},
                          {0x40000000, "__WALL"}, {0x80000000, "__WCLONE"}};
constexpr Name kWaitId[] = {NAMED(P_ALL), NAMED(P_PID), NAMED(P_PGID), {3, "P_PIDFD"}};
constexpr Name kChild[] = {NAMED(CLD_EXITED),  NAMED(CLD_KILLED),  NAMED(CLD_DUMPED),
                           NAMED(CLD_TRAPPED), NAMED(CLD_STOPPED), NAMED(CLD_CONTINUED)};
constexpr Name kUsage[] = {
    NAMED(RUSAGE_SELF), {0xffffffff, "RUSAGE_CHILDREN"}, {1, "RUSAGE_THREAD"}};
constexpr Name kPriority[] = {NAMED(PRIO_PROCESS), NAMED(PRIO_PGRP), NAMED(PRIO_USER)};
constexpr Name kTimer[] = {NAMED(ITIMER_REAL), NAMED(ITIMER_VIRTUAL), NAMED(ITIMER_PROF)};
constexpr Name kPolicy[] = {NAMED(SCHED_OTHER), NAMED(SCHED_FIFO), NAMED(SCHED_RR),
                            NAMED(SCHED_BATCH), {5, "SCHED_IDLE"}, {6, "SCHED_DEADLINE"}};
constexpr Name kSleep[] = {{1, "TIMER_ABSTIME"}};

constexpr NamedKind kKinds[] = {
    {Arg::sigprocmask_how, kSigprocmask, false, "SIG_???"},
    {Arg::signal_flags, kSignalFlags, true, "SA_???"},
    {Arg::signal_stack_flags, kStackFlags, true, "SS_???"},
    {Arg::wait_options, kWait, true, "W???"},
    {Arg::wait_id_type, kWaitId, false, "P_???"},
    {Arg::child_code, kChild, false, "CLD_???"},
    {Arg::usage_who, kUsage, false, "RUSAGE_???"},
    {Arg::priority_which, kPriority, false, "PRIO_???"},
    {Arg::interval_timer, kTimer, false, "ITIMER_???"},
    {Arg::scheduler_policy, kPolicy, false, "SCHED_???"},
    {Arg::sleep_flags, kSleep, true, "TIMER_???"},
};

std::string futex_operation(std::uint64_t value) {
  std::string text = one_of(kFutex, value & 0x7f, "FUTEX_???");
  if ((value & FUTEX_PRIVATE_FLAG) != 0) text += "_PRIVATE";
  if ((value & FUTEX_CLOCK_REALTIME) != 0) text += "|FUTEX_CLOCK_REALTIME";
  return text;
}

std::string clone_flags(std::uint64_t value) {
  std::string text;
  if (const std::uint64_t names = value & ~std::uint64_t{CSIGNAL}; names != 0)
    add_bits(text, kClone, names);
  if (const int signal = static_cast<int>(value & CSIGNAL); signal != 0) {
    if (!text.empty()) text += '|';
    text += signal_name(signal);
  }
  return text.empty() ? "0" : text;
}

}  // namespace

std::string named_process_value(Arg kind, std::uint64_t value) {
  if (kind == Arg::futex_operation) return futex_operation(value & 0xffffffff);
  if (kind == Arg::clone_flags) return clone_flags(value);
  return named_by(kKinds, kind, value);
}

}  // namespace sonde::syscalls
