#include "process/mapped_files.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "process/regular_file.hpp"

namespace sonde::process {
namespace {

std::size_t descriptor_budget() {
  constexpr rlim_t kMost = 4096;
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<std::size_t>(std::min(limit.rlim_cur / 4, kMost));
}

// Only the inode is compared: on overlayfs and btrfs stat shows another device than /proc/PID/maps
// does, which names that of the superblock below (the kernel's show_map_vma against vfs_getattr).
bool is_file(const UniqueFd& fd, const FileId& id) {
  struct stat status = {};
  return fd && ::fstat(fd.get(), &status) == 0 && status.st_ino == id.inode;
}

}  // namespace

MappedFiles::MappedFiles(std::string root)
    : root_(std::move(root)), most_open_(descriptor_budget()) {
}

bool MappedFiles::may_keep_open() const noexcept {
  return *open_count_ < most_open_;
}

std::shared_ptr<const UniqueFd> MappedFiles::keep_open(UniqueFd fd) {
  ++*open_count_;
  return {new UniqueFd(std::move(fd)), [count = open_count_](const UniqueFd* owned) {
            delete owned;
            --*count;
          }};
}

UniqueFd MappedFiles::open(const FileId& id, const std::string& path, const MappedAt& at) const {
  // The link leads to the file itself: it works for deleted files, memfds and files of another
  // mount namespace, but needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. Its target may have changed
  // since the mapping was seen (exec, then another file at the same address), hence the check.
  for (const std::string& name :
       {fmt::format("{}/proc/{}/map_files/{:x}-{:x}", root_, at.pid, at.start, at.end),
        fmt::format("{}/proc/{}/root{}", root_, at.pid, path), root_ + path}) {
    UniqueFd fd = open_regular(name);
    if (is_file(fd, id)) return fd;
  }
  return {};
}

std::shared_ptr<const MappedFile> MappedFiles::get(const FileId& id, const std::string& path,
                                                   const MappedAt& at) {
  std::weak_ptr<MappedFile>& known = files_[id];
  std::shared_ptr<MappedFile> file = known.lock();
  // Without an open descriptor the inode's number may have been given to another file since.
  if (file && !file->fd && file->path != path) file.reset();
  if (!file) {
    file = {new MappedFile{id, path, {}}, [count = open_count_](const MappedFile* owned) {
              if (owned->fd) --*count;
              delete owned;
            }};
    known = file;
  }
  if (!file->fd && may_keep_open()) {
    file->fd = open(id, path, at);
    if (file->fd) ++*open_count_;
  }
  return file;
}

void MappedFiles::forget_unused() {
  std::erase_if(files_, [](const auto& entry) { return entry.second.expired(); });
}

UniqueFd reopen(const MappedFile& file, const std::string& root) {
  UniqueFd fd = open_regular(root + file.path);
  return is_file(fd, file.id) ? std::move(fd) : UniqueFd{};
}

}  // namespace sonde::process
