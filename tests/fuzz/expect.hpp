#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the fuzzer with the input kept, also where assert() is compiled out.
#define EXPECT(condition)                                                            \
  do {                                                                               \
    if (!(condition)) {                                                              \
      std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                  \
    }                                                                                \
  } while (false)
