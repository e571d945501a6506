// Samples a process for some seconds and unwinds each sample twice: in the kernel, and by elfutils
// from the registers and a copy of the stack. Prints one JSON object.
//
//   check_stacks PID SECONDS HERTZ
//
// The process is stopped while elfutils works, and goes on afterwards.
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/libbpf_log.hpp"
#include "core/machine.hpp"
#include "core/perf_event.hpp"
#include "core/skeleton.hpp"
#include "ingest/ring_source.hpp"
#include "libdwfl_stacks.hpp"
#include "process/address_spaces.hpp"
#include "process_addresses.hpp"
#include "tracers/stacks/unwinder.hpp"

#include "stack_sample.h"
#include "stack_samples.skel.h"

namespace {

using namespace sonde;
using Clock = std::chrono::steady_clock;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kTableBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostSamples = 8000;
constexpr std::size_t kShown = 8;

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "check_stacks: {}\n", why);
  std::exit(1);
}

// Records samples until the time is over; what the first half second meets has no tables yet.
class Recorder {
 public:
  explicit Recorder(std::uint32_t pid) : pid_(pid) {
    const core::LibbpfLog log;
    skeleton_.reset(stack_samples_bpf::open());
    if (skeleton_ == nullptr) give_up("open: " + log.text());
    skeleton_->rodata->target_tgid = pid;
    const auto cpus = static_cast<std::uint32_t>(::libbpf_num_possible_cpus());
    ::bpf_map__set_max_entries(skeleton_->maps.sample_buffers, cpus);
    tracers::configure_unwinder(skeleton_->maps, true);
    if (stack_samples_bpf::load(skeleton_.get()) != 0) give_up("load: " + log.text());
    const std::array tgids = {pid};
    if (const auto opened = unwinder_.open(tracers::unwind_maps(*skeleton_), tgids, false); !opened)
      give_up(opened.error().message());
    auto ring = ingest::RingSource::open(::bpf_map__fd(skeleton_->maps.stack_samples),
                                         [this](std::span<const std::byte> record) {
                                           if (samples_.size() < kMostSamples)
                                             samples_.emplace_back(record.begin(), record.end());
                                         });
    if (!ring) give_up(ring.error().message());
    ring_ = std::move(*ring);
  }

  void run(double seconds, std::uint32_t hertz) {
    std::vector<core::UniqueLink> links;
    for (const int cpu : core::online_cpus()) {
      UniqueFd event = core::open_perf_event(core::cpu_clock_attr(hertz), cpu);
      if (!event) give_up("perf_event_open failed");
      links.emplace_back(
          ::bpf_program__attach_perf_event(skeleton_->progs.take_stack_sample, event.get()));
      if (links.back() == nullptr) give_up("attaching failed");
      (void)event.release();
    }
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    for (auto tick = Clock::now(); Clock::now() < end;) {
      pollfd ready{unwinder_.poll_fd(), POLLIN, 0};
      ::poll(&ready, 1, 20);
      drain();
      if (Clock::now() - tick > std::chrono::seconds(1)) {
        unwinder_.maintain();
        tick = Clock::now();
      }
    }
    ::kill(static_cast<pid_t>(pid_), SIGSTOP);
    links.clear();
    drain();
  }

  const std::vector<Bytes>& samples() const { return samples_; }
  const process::FrameFiles& files() const { return unwinder_.files(); }
  std::uint64_t missed() const { return skeleton_->bss->samples_missed; }
  std::uint64_t lost() const { return skeleton_->bss->samples_lost; }

 private:
  void drain() {
    if (const auto drained = unwinder_.drain(); !drained) give_up(drained.error().message());
    if (const auto drained = ring_->drain(); !drained) give_up(drained.error().message());
  }

  std::uint32_t pid_;
  core::UniqueSkeleton<stack_samples_bpf> skeleton_;
  process::AddressSpaces spaces_;
  tracers::Unwinder unwinder_{kTableBytes, spaces_, [](std::span<const std::byte>) {}};
  std::unique_ptr<ingest::RingSource> ring_;
  std::vector<Bytes> samples_;
};

struct Sample {
  stack_sample head{};
  std::vector<std::uint64_t> registers;
  std::vector<std::uint64_t> frames;
  std::span<const std::byte> memory;
};

Sample parse(const Bytes& record) {
  Sample sample;
  std::memcpy(&sample.head, record.data(), sizeof(sample.head));
  sample.registers.assign(std::begin(sample.head.registers), std::end(sample.head.registers));
  sample.frames.resize(sample.head.frames_count);
  const std::size_t bytes = sample.frames.size() * sizeof(std::uint64_t);
  std::memcpy(sample.frames.data(), record.data() + sizeof(sample.head), bytes);
  sample.memory = std::span(record).subspan(sizeof(sample.head) + bytes, sample.head.stack_bytes);
  return sample;
}

struct Verdicts {
  std::uint64_t samples = 0;
  std::uint64_t reach_entry = 0;
  std::uint64_t libdwfl_reaches_entry = 0;
  std::uint64_t frames = 0;
  std::map<std::string, std::uint64_t> kinds = {
      {"identical", 0}, {"longer", 0}, {"longer_than_copy", 0}, {"shorter", 0}, {"different", 0}};
  std::uint64_t at_limit = 0;  // as many frames as are kept
  /// Where the other stacks end that do not reach the entry.
  std::map<std::string, std::uint64_t> ends;
  std::vector<std::string> shown;
};

// How two stacks of one sample compare. "longer": than libdwfl's, which ends early.
std::string compare(const std::vector<std::uint64_t>& ours, const oracle::DwflStack& theirs,
                    std::size_t& same) {
  const std::size_t both = std::min(ours.size(), theirs.frames.size());
  same = 0;
  while (same < both && ours[same] == theirs.frames[same])
    ++same;
  if (same < both) return "different";
  if (ours.size() == theirs.frames.size()) return "identical";
  if (ours.size() < theirs.frames.size()) return "shorter";
  return theirs.ran_out ? "longer_than_copy" : "longer";
}

Verdicts judge(const Recorder& recorder, pid_t pid) {
  const auto libdwfl = oracle::LibdwflStacks::open(pid);
  if (libdwfl == nullptr) give_up("elfutils cannot read the process");
  const oracle::ProcessAddresses addresses(pid);
  Verdicts verdicts;
  for (const Bytes& record : recorder.samples()) {
    const Sample sample = parse(record);
    std::vector<std::uint64_t> ours;
    for (const std::uint64_t frame : sample.frames)
      ours.push_back(addresses.address_of(frame, recorder.files()).value_or(0));
    auto theirs =
        libdwfl->unwind({static_cast<pid_t>(sample.head.tid), sample.registers, sample.memory});
    for (std::uint64_t& frame : theirs.frames)
      frame = addresses.first_of(frame);
    std::size_t same = 0;
    const std::string kind = compare(ours, theirs, same);
    ++verdicts.samples;
    ++verdicts.kinds[kind];
    verdicts.frames += same;
    if (!ours.empty() && libdwfl->is_entry(ours.back())) {
      ++verdicts.reach_entry;
    } else if (ours.size() >= SONDE_MAX_UNWOUND_FRAMES) {
      ++verdicts.at_limit;
    } else {
      const std::string last = ours.empty() ? "nowhere" : libdwfl->describe(ours.back());
      ++verdicts.ends[fmt::format("{} after {} frames", last, ours.size())];
    }
    verdicts.libdwfl_reaches_entry +=
        !theirs.frames.empty() && libdwfl->is_entry(theirs.frames.back()) ? 1 : 0;
    if (kind != "identical" && verdicts.shown.size() < kShown) {
      const auto next = [&](const std::vector<std::uint64_t>& frames) {
        return same < frames.size() ? libdwfl->describe(frames[same]) : "the end";
      };
      verdicts.shown.push_back(
          fmt::format("{} after {} frames, {} of ours and {} of libdwfl's: from {} to {} and {}",
                      kind, same, ours.size(), theirs.frames.size(),
                      same == 0 ? "the leaf" : libdwfl->describe(ours[same - 1]), next(ours),
                      next(theirs.frames)));
    }
  }
  return verdicts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) give_up("usage: check_stacks PID SECONDS HERTZ");
  const auto pid = static_cast<std::uint32_t>(std::strtoul(argv[1], nullptr, 10));
  Recorder recorder(pid);
  recorder.run(std::strtod(argv[2], nullptr),
               static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)));
  const Verdicts verdicts = judge(recorder, static_cast<pid_t>(pid));
  ::kill(static_cast<pid_t>(pid), SIGCONT);
  nlohmann::json out = verdicts.kinds;
  out["samples"] = verdicts.samples;
  out["reach_entry"] = verdicts.reach_entry;
  out["libdwfl_reaches_entry"] = verdicts.libdwfl_reaches_entry;
  out["frames"] = verdicts.frames;
  out["missed"] = recorder.missed();
  out["lost"] = recorder.lost();
  out["at_limit"] = verdicts.at_limit;
  out["ends"] = verdicts.ends;
  out["shown"] = verdicts.shown;
  fmt::print("{}\n", out.dump());
  return 0;
}
