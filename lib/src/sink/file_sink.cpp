#include "sink/file_sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <utility>

#include "sink/write_error.hpp"

namespace sonde::sink {
namespace {

tl::unexpected<Error> cannot_write(const std::string& path, int sys_errno) {
  return tl::unexpected(write_error("write " + path, sys_errno));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

// The links below these folders lead to open descriptors, not to names that could be renamed over.
bool names_a_descriptor(std::string_view path) {
  return path.starts_with("/proc/") || path.starts_with("/dev/fd/");
}

// Follows the links of the last component only, which rename() would replace; a dangling one is
// followed too.
Result<std::string> follow_links(const std::string& path) {
  constexpr int kMostLinks = 40;  // MAXSYMLINKS of include/linux/namei.h
  std::string current = path;
  for (int i = 0; i < kMostLinks; ++i) {
    if (names_a_descriptor(current)) return current;
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(current.c_str(), target.data(), target.size());
    if (length < 0) return current;
    const std::string_view link(target.data(), static_cast<std::size_t>(length));
    current = link.starts_with('/') ? std::string(link) : folder_of(current).append(link);
  }
  return cannot_write(path, ELOOP);
}

struct Temporary {
  UniqueFd fd;
  std::string path;
};

// mkstemp() would give mode 0600 and the umask cannot be read without changing it for all threads,
// so the kernel applies it here.
Result<Temporary> create_beside(const std::string& path) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    std::string name = fmt::format("{}.sonde-{}-{}.tmp", folder_of(path), ::getpid(), i);
    UniqueFd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (fd) return Temporary{std::move(fd), std::move(name)};
    if (errno != EEXIST) return cannot_write(path, errno);
  }
  return cannot_write(path, EEXIST);
}

void keep_owner_and_mode(int fd, const struct stat& existing) {
  // Only root may give a file away; where it fails the new owner is the caller's, as with any
  // rewritten file.
  const bool owner_kept = ::fchown(fd, existing.st_uid, existing.st_gid) == 0 ||
                          ::fchown(fd, static_cast<uid_t>(-1), existing.st_gid) == 0;
  // The group's rights are meant for the old group alone.
  const mode_t mode = owner_kept ? existing.st_mode & 0777u : existing.st_mode & 0707u;
  static_cast<void>(::fchmod(fd, mode));
}

}  // namespace

FileSink::FileSink(UniqueFd fd, std::string path, std::string temporary)
    : fd_(std::move(fd)),
      out_(fd_.get(), path),
      path_(std::move(path)),
      temporary_(std::move(temporary)) {
}

FileSink::~FileSink() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<std::unique_ptr<FileSink>> FileSink::open(const std::string& path) {
  const auto make = [](UniqueFd fd, std::string name, std::string temporary) {
    return std::unique_ptr<FileSink>(
        new FileSink(std::move(fd), std::move(name), std::move(temporary)));
  };
  if (path.empty()) return cannot_write("''", ENOENT);
  const Result<std::string> followed = follow_links(path);
  if (!followed) return tl::unexpected(followed.error());

  struct stat existing {};
  const bool exists = ::stat(path.c_str(), &existing) == 0;
  if (!exists && errno != ENOENT) return cannot_write(path, errno);
  if (exists && S_ISDIR(existing.st_mode)) return cannot_write(path, EISDIR);
  if (exists && (!S_ISREG(existing.st_mode) || names_a_descriptor(*followed))) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC));
    if (!fd) return cannot_write(path, errno);
    return make(std::move(fd), path, {});
  }
  // rename() would replace a file that its owner made read-only.
  if (exists && ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0)
    return cannot_write(path, errno);

  Result<Temporary> temporary = create_beside(*followed);
  if (!temporary) {
    temporary.error().what = "write " + path;
    return tl::unexpected(temporary.error());
  }
  if (exists) keep_owner_and_mode(temporary->fd.get(), existing);
  return make(std::move(temporary->fd), *followed, std::move(temporary->path));
}

Result<void> FileSink::commit() {
  if (auto flushed = flush(); !flushed) return flushed;
  if (temporary_.empty()) return {};
  // Without it a crash of the machine may leave the new name with no data; file systems without
  // fsync say EINVAL.
  if (::fsync(fd_.get()) != 0 && errno != EINVAL) return cannot_write(path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return cannot_write(path_, errno);
  temporary_.clear();
  return {};
}

}  // namespace sonde::sink
