#include "symbolize/profile_builder.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <tuple>

namespace sonde::symbolize {
namespace {

void mix(std::size_t& hash, std::size_t value) {
  hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
}

}  // namespace

ProfileBuilder::ProfileBuilder()
    : frames_(0, FrameHash{&profile_}, SameFrame{&profile_}),
      stacks_(0, StackHash{&profile_}, SameStack{&profile_}) {
}

std::size_t ProfileBuilder::FrameHash::operator()(std::uint32_t index) const {
  const Frame& frame = profile->frames[index];
  std::size_t hash = std::hash<std::string>{}(frame.name);
  mix(hash, frame.module);
  mix(hash, frame.address);
  mix(hash, frame.line);
  return hash;
}

bool ProfileBuilder::SameFrame::operator()(std::uint32_t a, std::uint32_t b) const {
  const auto key = [](const Frame& f) {
    return std::tuple(f.address, f.module, f.kind, f.file, f.line, std::string_view(f.name));
  };
  return key(profile->frames[a]) == key(profile->frames[b]);
}

std::size_t ProfileBuilder::StackHash::operator()(std::uint32_t index) const {
  const Stack& stack = profile->stacks[index];
  std::size_t hash = std::hash<std::string>{}(stack.comm);
  mix(hash, static_cast<std::size_t>(stack.pid));
  mix(hash, static_cast<std::size_t>(stack.tid));
  for (const std::uint32_t frame : stack.frames)
    mix(hash, frame);
  return hash;
}

bool ProfileBuilder::SameStack::operator()(std::uint32_t a, std::uint32_t b) const {
  const Stack& left = profile->stacks[a];
  const Stack& right = profile->stacks[b];
  return left.pid == right.pid && left.tid == right.tid && left.comm == right.comm &&
         left.frames == right.frames && left.details == right.details;
}

std::uint32_t ProfileBuilder::module(const std::string& path, const std::string& build_id) {
  const auto next = static_cast<std::uint32_t>(profile_.modules.size());
  const auto [known, added] = modules_.try_emplace({path, build_id}, next);
  if (added) profile_.modules.push_back({path, build_id});
  return known->second;
}

std::uint32_t ProfileBuilder::file(const std::string& path) {
  const auto next = static_cast<std::uint32_t>(profile_.files.size());
  const auto [known, added] = files_.try_emplace(path, next);
  if (added) profile_.files.push_back(path);
  return known->second;
}

std::uint32_t ProfileBuilder::frame(Frame frame) {
  const auto next = static_cast<std::uint32_t>(profile_.frames.size());
  profile_.frames.push_back(std::move(frame));
  const auto [known, added] = frames_.insert(next);
  if (!added) profile_.frames.pop_back();
  return *known;
}

void ProfileBuilder::add(Stack stack) {
  const auto next = static_cast<std::uint32_t>(profile_.stacks.size());
  profile_.stacks.push_back(std::move(stack));
  const auto [known, added] = stacks_.insert(next);
  if (added) return;
  std::vector<std::uint64_t>& sums = profile_.stacks[*known].values;
  const std::vector<std::uint64_t>& values = profile_.stacks[next].values;
  sums.resize(std::max(sums.size(), values.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    sums[i] += values[i];
  profile_.stacks.pop_back();
}

bool ProfileBuilder::sorts_before(const Stack& a, const Stack& b) const {
  const std::uint64_t left = a.values.empty() ? 0 : a.values[0];
  const std::uint64_t right = b.values.empty() ? 0 : b.values[0];
  if (left != right) return left > right;
  const auto who = [](const Stack& s) { return std::tie(s.comm, s.pid, s.tid); };
  if (who(a) != who(b)) return who(a) < who(b);
  if (a.details != b.details) return a.details < b.details;
  // By what the frames are, not by their indexes, which depend on the order of the input.
  const auto what = [this](std::uint32_t index) {
    const Frame& frame = profile_.frames[index];
    return std::tuple(std::string_view(frame.name), frame.address, frame.kind, frame.line);
  };
  return std::lexicographical_compare(
      a.frames.begin(), a.frames.end(), b.frames.begin(), b.frames.end(),
      [&](std::uint32_t x, std::uint32_t y) { return x != y && what(x) < what(y); });
}

StackProfile ProfileBuilder::finish() {
  std::sort(profile_.stacks.begin(), profile_.stacks.end(),
            [this](const Stack& a, const Stack& b) { return sorts_before(a, b); });
  return std::move(profile_);
}

}  // namespace sonde::symbolize
