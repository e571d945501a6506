#include "probe/allocator.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "probe/instruction.hpp"

namespace sonde::probe {
namespace {

struct KnownName {
  std::string_view name;
  AllocatorCall call;
};

using enum AllocatorCall;

// Of the C library and those that replace it; with any of the prefixes below. The best known names
// of one function come first.
constexpr std::array kCNames = {
    KnownName{"malloc", size},
    KnownName{"calloc", product},
    KnownName{"realloc", resize},
    KnownName{"reallocarray", resize_product},
    KnownName{"aligned_alloc", aligned},
    KnownName{"posix_memalign", store},
    KnownName{"memalign", aligned},
    KnownName{"valloc", size},
    KnownName{"pvalloc", size},
    KnownName{"free", release},
    KnownName{"cfree", release},
    KnownName{"free_sized", release},
    KnownName{"free_aligned_sized", release},
};

// jemalloc(3): each with the prefix that it was built with, which is "" or "je_".
constexpr std::array kJemallocNames = {
    KnownName{"mallocx", size},
    KnownName{"rallocx", resize},
    KnownName{"dallocx", release},
    KnownName{"sdallocx", release},
};

// mimalloc.h, without its prefix "mi_".
constexpr std::array kMimallocNames = {
    KnownName{"malloc_small", size},
    KnownName{"zalloc", size},
    KnownName{"zalloc_small", size},
    KnownName{"mallocn", product},
    KnownName{"reallocn", resize_product},
    KnownName{"rezalloc", resize},
    KnownName{"malloc_aligned", size},
    KnownName{"zalloc_aligned", size},
    KnownName{"realloc_aligned", resize},
    KnownName{"free_size", release},
    KnownName{"free_size_aligned", release},
    KnownName{"free_aligned", release},
    KnownName{"new", size},
    KnownName{"new_nothrow", size},
    KnownName{"new_aligned", size},
    KnownName{"new_aligned_nothrow", size},
    KnownName{"new_n", product},
    KnownName{"new_realloc", resize},
    KnownName{"new_reallocn", resize_product},
};

// gperftools/tcmalloc.h, without its prefix "tc_".
constexpr std::array kTcmallocNames = {
    KnownName{"new", size},
    KnownName{"new_nothrow", size},
    KnownName{"new_aligned", size},
    KnownName{"new_aligned_nothrow", size},
    KnownName{"newarray", size},
    KnownName{"newarray_nothrow", size},
    KnownName{"newarray_aligned", size},
    KnownName{"newarray_aligned_nothrow", size},
    KnownName{"free_sized", release},
    KnownName{"delete", release},
    KnownName{"delete_sized", release},
    KnownName{"delete_nothrow", release},
    KnownName{"delete_aligned", release},
    KnownName{"delete_sized_aligned", release},
    KnownName{"deletearray", release},
    KnownName{"deletearray_sized", release},
    KnownName{"deletearray_nothrow", release},
    KnownName{"deletearray_aligned", release},
    KnownName{"deletearray_sized_aligned", release},
};

// "__libc_" is glibc's for those that the library itself calls.
constexpr std::array<std::string_view, 5> kCPrefixes = {"", "je_", "tc_", "mi_", "__libc_"};

template <std::size_t count>
const AllocatorCall* find_name(const std::array<KnownName, count>& names, std::string_view name) {
  const auto known =
      std::ranges::find_if(names, [&](const KnownName& each) { return each.name == name; });
  return known == names.end() ? nullptr : &known->call;
}

// Itanium C++ ABI: operator new is "nw", new[] "na", delete "dl", delete[] "da"; the first
// parameter is a std::size_t ("m") or a pointer ("Pv"). With another pointer behind, which is "Pv"
// or, the second time, "S_", they are placement forms, which do nothing.
const AllocatorCall* find_operator(std::string_view name) {
  static constexpr AllocatorCall kSize = size;
  static constexpr AllocatorCall kRelease = release;
  if (name.starts_with("_Znwm") || name.starts_with("_Znam"))
    return name.substr(5).starts_with("Pv") ? nullptr : &kSize;
  if (name.starts_with("_ZdlPv") || name.starts_with("_ZdaPv"))
    return name.substr(6).starts_with("S_") ? nullptr : &kRelease;
  return nullptr;
}

bool is_operator(std::string_view name) {
  return name.starts_with("_Z");
}

// How well a name is known: of several at one address the one with the lowest is shown.
std::size_t rank_of(std::string_view name) {
  for (std::size_t i = 0; i < kCNames.size(); ++i) {
    if (kCNames[i].name == name) return i;
  }
  return is_operator(name) ? kCNames.size() : kCNames.size() + name.size();
}

constexpr std::uint64_t kLongestFunction = std::uint64_t{64} << 10;
// More code than any allocator's exported functions share: what they span is more than theirs.
constexpr std::uint64_t kLargestAllocator = std::uint64_t{256} << 10;

// Whether its code leads directly to one of `others`: then every call of it is seen there.
bool passes_on(const elf::Image& image, const Function& function,
               const std::map<std::uint64_t, AllocatorFunction>& others) {
  const auto offset = image.offset_of(function.address);
  if (!offset || function.size == 0 || function.size > kLongestFunction) return false;
  const auto code = image.source().read_range(*offset, function.size, kLongestFunction);
  for (std::size_t at = 0; at < code.size();) {
    const auto instruction = decode(std::span(code).subspan(at), function.address + at);
    if (!instruction) return false;
    if (instruction->target && *instruction->target != function.address &&
        others.contains(*instruction->target))
      return true;
    at += instruction->length;
  }
  return false;
}

}  // namespace

bool takes_memory_back(AllocatorCall call) noexcept {
  return call == release || call == resize || call == resize_product;
}

const AllocatorCall* allocator_call(std::string_view name) {
  if (is_operator(name)) return find_operator(name);
  for (const std::string_view prefix : kCPrefixes) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = name.substr(prefix.size());
    if (const AllocatorCall* const call = find_name(kCNames, rest)) return call;
    if (prefix.empty() || prefix == "je_") {
      if (const AllocatorCall* const call = find_name(kJemallocNames, rest)) return call;
    }
    if (prefix == "mi_") return find_name(kMimallocNames, rest);
    if (prefix == "tc_") return find_name(kTcmallocNames, rest);
  }
  return nullptr;
}

Allocator find_allocator(const elf::Image& image) {
  std::map<std::uint64_t, AllocatorFunction> by_address;
  bool gives = false;
  bool takes = false;
  for (Function& function : find_functions(
           image, [](std::string_view name) { return allocator_call(name) != nullptr; })) {
    const AllocatorCall call = *allocator_call(function.name);
    if (!is_operator(function.name)) (call == release ? takes : gives) = true;
    const auto known = by_address.find(function.address);
    if (known == by_address.end()) {
      by_address.emplace(function.address, AllocatorFunction{std::move(function), call});
    } else if (rank_of(function.name) < rank_of(known->second.function.name)) {
      known->second = {std::move(function), call};
    }
  }
  Allocator allocator;
  // Not the C++ library, whose operators call malloc of another file, nor a program that has one
  // function of such a name.
  if (!gives || !takes) return allocator;
  std::uint64_t start = UINT64_MAX;
  std::uint64_t end = 0;
  for (const auto& [address, each] : by_address) {
    if (is_operator(each.function.name)) continue;
    start = std::min(start, address);
    end = std::max(end, address + each.function.size);
  }
  if (end > start && end - start <= kLargestAllocator) {
    allocator.code_start = start;
    allocator.code_end = end;
  }
  for (const auto& [address, each] : by_address) {
    // What is called from the allocator's own code counts as its own call.
    const bool is_own = address >= allocator.code_start && address < allocator.code_end;
    if (is_operator(each.function.name) && !is_own && passes_on(image, each.function, by_address))
      continue;
    allocator.functions.push_back(each);
  }
  return allocator;
}

bool is_go_program(const elf::Image& image) {
  return image.section(".go.buildinfo") != nullptr || image.section(".gopclntab") != nullptr;
}

}  // namespace sonde::probe
