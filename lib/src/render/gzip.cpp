#include "render/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "util/fail.hpp"

namespace sonde::render {

Result<std::string> gzip(std::string_view bytes) {
  constexpr int kGzipWindow = 15 + 16;  // the largest window; + 16 asks zlib for a gzip header
  constexpr int kMemoryLevel = 8;       // zlib's default
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(ErrorCode::OutputFailed, "start zlib", "Free some memory");
  }
  std::string out;
  std::array<Bytef, 32 * 1024> chunk;
  int status = Z_OK;
  while (status == Z_OK) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
    // zlib does not write to its input; its interface is older than const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(part);
    stream.next_out = chunk.data();
    stream.avail_out = static_cast<uInt>(chunk.size());
    status = deflate(&stream, part == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    bytes.remove_prefix(part - stream.avail_in);
    out.append(reinterpret_cast<const char*>(chunk.data()), chunk.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  if (status != Z_STREAM_END) return fail(ErrorCode::OutputFailed, "compress the profile");
  return out;
}

}  // namespace sonde::render
