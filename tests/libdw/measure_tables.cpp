// How large the unwind tables of files are and how long they take to make: a line of JSON a file.
#include <fcntl.h>
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "elf/image.hpp"
#include "unwind/unwind_table.hpp"

int main(int argc, char** argv) {
  using namespace sonde;
  unwind::UnwindDictionary dictionary;
  for (int i = 1; i < argc; ++i) {
    UniqueFd fd(::open(argv[i], O_RDONLY | O_CLOEXEC));
    if (!fd) continue;
    const auto begin = std::chrono::steady_clock::now();
    const auto image = elf::Image::open(ByteSource(std::move(fd)));
    if (!image) continue;
    const auto table = unwind::build_unwind_table(*image, dictionary);
    if (!table) continue;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const nlohmann::json line = {
        {"file", argv[i]},
        {"rows", table->rows.size()},
        {"bytes",
         table->rows.size() * sizeof(std::uint32_t) + table->pages.size() * sizeof(unwind_page)},
        {"seconds", took.count()},
    };
    fmt::print("{}\n", line.dump());
  }
  return 0;
}
