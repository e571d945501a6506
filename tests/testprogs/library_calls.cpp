// Calls into the C library for as long as its input is open, and checks what comes back. For each
// line of input it does so some times and answers; "exec" starts the program anew, "fork" asks a
// child.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

bool calls_work() {
  for (int i = 1; i < 2000; ++i) {
    char* const text = static_cast<char*>(std::calloc(1, static_cast<std::size_t>(i) + 16));
    if (text == nullptr) return false;
    std::snprintf(text, 16, "%d", i);
    char* const copy = ::strdup(text);
    const bool same = std::atoi(copy) == i && std::strtol(copy, nullptr, 10) == i &&
                      std::strlen(copy) == std::strlen(text);
    std::free(copy);
    std::free(std::realloc(text, static_cast<std::size_t>(i) * 3));
    if (!same) return false;
  }
  return true;
}

bool child_works() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(calls_work() ? 0 : 1);
  int status = -1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int, char** words) {
  std::printf("ready %d\n", ::getpid());
  std::fflush(stdout);
  char line[16];
  while (std::fgets(line, sizeof(line), stdin) != nullptr) {
    if (std::strcmp(line, "exec\n") == 0) ::execv("/proc/self/exe", words);
    const bool ok = std::strcmp(line, "fork\n") == 0 ? child_works() : calls_work();
    std::puts(ok ? "ok" : "wrong");
    std::fflush(stdout);
  }
}
