// The functions by which a program or library gives out and takes back memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "elf/image.hpp"
#include "probe/functions.hpp"

namespace sonde::probe {

/// What the arguments of a function mean. `a`, `b`, `c` are the first three; the result is the
/// memory unless it says otherwise.
enum class AllocatorCall : std::uint8_t {
  size,            // malloc(a), operator new(a)
  product,         // calloc(a, b)
  aligned,         // aligned_alloc(alignment, b)
  store,           // posix_memalign(*where, alignment, c): 0 if it succeeds
  resize,          // realloc(memory, b)
  resize_product,  // reallocarray(memory, b, c)
  release,         // free(memory)
};

bool takes_memory_back(AllocatorCall call) noexcept;

struct AllocatorFunction {
  Function function;
  AllocatorCall call = AllocatorCall::size;
};

struct Allocator {
  /// By address; of several names for one address the best known.
  std::vector<AllocatorFunction> functions;
  /// ELF addresses of the code that these functions share: a call from there is the allocator's
  /// own. Empty (0, 0) if they are scattered.
  std::uint64_t code_start = 0;
  std::uint64_t code_end = 0;
};

/// The allocator that `image` defines; without functions if it defines none. Functions whose symbol
/// is of another kind of code (a resolver, data) are left out, and so are those that only pass
/// their call on to one that is in the list, such as an operator new that calls malloc of the same
/// file.
Allocator find_allocator(const elf::Image& image);

/// What a function of this name does; nothing if it is none of an allocator's. Prefixes such as
/// je_, tc_ and mi_ are known.
const AllocatorCall* allocator_call(std::string_view name);

/// A program that the Go compiler made: its stacks move, and probes at returns crash it.
bool is_go_program(const elf::Image& image);

}  // namespace sonde::probe
