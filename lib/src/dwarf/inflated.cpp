#include "dwarf/inflated.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace sonde::dwarf {
namespace {

// Most sections, which are read several times over.
constexpr std::uint64_t kLargestWhole = std::uint64_t{16} << 20;
constexpr std::size_t kInput = std::size_t{32} * 1024;
constexpr std::size_t kBlock = std::size_t{128} * 1024;
constexpr std::size_t kMostBlocks = 8;
constexpr std::size_t kWindow = std::size_t{32} * 1024;
constexpr std::uint64_t kShortestDistance = std::uint64_t{256} * 1024;
constexpr std::uint64_t kMostPoints = 256;
// Reads in ascending order expand everything once. A file that makes us start again and again is
// made to stall us.
constexpr std::uint64_t kMostPasses = 16;
constexpr std::uint64_t kMostAgain = std::uint64_t{4} << 30;
constexpr int kRaw = -15;

}  // namespace

Inflated::Inflated(const ByteSource& source, std::uint64_t from, std::uint64_t packed,
                   std::uint64_t size)
    : source_(source),
      from_(from),
      packed_(packed),
      size_(size),
      distance_(std::max(kShortestDistance, size / kMostPoints)),
      budget_(size + std::min(kMostPasses * size, kMostAgain)) {
  if (size > kLargestWhole) return;
  distance_ = std::numeric_limits<std::uint64_t>::max();
  whole_ = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(size));
}

Inflated::~Inflated() {
  if (running_) ::inflateEnd(&stream_);
}

std::size_t Inflated::read(std::uint64_t offset, std::span<std::byte> into) {
  if (whole_) {
    const std::span<const std::byte> known = expand_to(offset + into.size());
    if (offset >= known.size()) return 0;
    const auto part = known.subspan(static_cast<std::size_t>(offset));
    std::copy_n(part.begin(), std::min(part.size(), into.size()), into.begin());
    return std::min(part.size(), into.size());
  }
  std::size_t done = 0;
  while (done < into.size() && offset < size_) {
    const Block* const from = block(offset / kBlock);
    const auto skip = static_cast<std::size_t>(offset % kBlock);
    if (from == nullptr || from->bytes.size() <= skip) break;
    const std::size_t part = std::min(into.size() - done, from->bytes.size() - skip);
    std::copy_n(from->bytes.begin() + static_cast<std::ptrdiff_t>(skip), part,
                into.begin() + static_cast<std::ptrdiff_t>(done));
    done += part;
    offset += part;
  }
  return done;
}

// What is known of the whole from its begin on.
std::span<const std::byte> Inflated::expand_to(std::uint64_t end) {
  if (!running_ && out_ == 0) start_at({});
  while (out_ < std::min(end, size_)) {
    const std::uint64_t length = std::min<std::uint64_t>(kBlock, size_ - out_);
    if (produce(std::span(&whole_[out_], static_cast<std::size_t>(length))) == 0) break;
  }
  return {whole_.get(), static_cast<std::size_t>(out_)};
}

const Inflated::Block* Inflated::block(std::uint64_t number) {
  const auto known = std::find_if(blocks_.begin(), blocks_.end(),
                                  [&](const Block& block) { return block.number == number; });
  if (known != blocks_.end()) {
    blocks_.splice(blocks_.begin(), blocks_, known);
    return &blocks_.front();
  }
  const std::uint64_t start = number * kBlock;
  if (!start_before(start)) return nullptr;
  Block block{number, std::vector<std::byte>(kBlock)};
  while (out_ < start) {
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, start - out_));
    if (produce(std::span(block.bytes).first(skipped)) == 0) return nullptr;
  }
  block.bytes.resize(produce(
      std::span(block.bytes)
          .first(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, size_ - start)))));
  if (blocks_.size() >= kMostBlocks) blocks_.pop_back();
  blocks_.push_front(std::move(block));
  return &blocks_.front();
}

// Where the stream stands is as good as a point.
bool Inflated::start_before(std::uint64_t out) {
  const auto after =
      std::upper_bound(points_.begin(), points_.end(), out,
                       [](std::uint64_t wanted, const Point& point) { return wanted < point.out; });
  const Point* const best = after == points_.begin() ? nullptr : &*std::prev(after);
  if (running_ && out_ <= out && (best == nullptr || best->out <= out_)) return true;
  return start_at(best == nullptr ? Point{} : *best);
}

bool Inflated::start_at(const Point& point) {
  if (running_) ::inflateEnd(&stream_);
  stream_ = {};
  running_ = ::inflateInit2(&stream_, point.out == 0 ? MAX_WBITS : kRaw) == Z_OK;
  in_ = point.in;
  out_ = point.out;
  if (!running_ || point.out == 0) return running_;
  if (point.bits > 0) {
    unsigned char before = 0;
    if (!source_.read_object(from_ + point.in - 1, before)) return false;
    ::inflatePrime(&stream_, point.bits, before >> (8 - point.bits));
  }
  return ::inflateSetDictionary(&stream_, point.window.data(),
                                static_cast<uInt>(point.window.size())) == Z_OK;
}

bool Inflated::refill() {
  input_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kInput, packed_ - in_)));
  const std::size_t got = source_.read(from_ + in_, input_);
  in_ += got;
  stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
  stream_.avail_in = static_cast<uInt>(got);
  return got > 0;
}

std::size_t Inflated::produce(std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size() && running_ && budget_ > 0) {
    if (stream_.avail_in == 0 && !refill()) break;
    const std::size_t room = into.size() - done;
    stream_.next_out = reinterpret_cast<Bytef*>(into.data() + done);
    stream_.avail_out = static_cast<uInt>(room);
    const int status = ::inflate(&stream_, Z_BLOCK);
    const std::size_t made = room - stream_.avail_out;
    done += made;
    out_ += made;
    budget_ -= std::min<std::uint64_t>(budget_, made + 1);
    if (status != Z_OK && status != Z_BUF_ERROR) break;
    keep_point();
  }
  return done;
}

// zlib.h on data_type after inflate(Z_BLOCK): 128 at the end of a block, 64 in the last one, and
// the number of unused bits.
void Inflated::keep_point() {
  constexpr int kEndOfBlock = 128;
  constexpr int kLastBlock = 64;
  if ((stream_.data_type & kEndOfBlock) == 0 || (stream_.data_type & kLastBlock) != 0) return;
  if (out_ < (points_.empty() ? 0 : points_.back().out) + distance_) return;
  Point point{out_, in_ - stream_.avail_in, stream_.data_type & 7, std::vector<Bytef>(kWindow)};
  uInt length = 0;
  if (::inflateGetDictionary(&stream_, point.window.data(), &length) != Z_OK) return;
  point.window.resize(length);
  points_.push_back(std::move(point));
}

}  // namespace sonde::dwarf
