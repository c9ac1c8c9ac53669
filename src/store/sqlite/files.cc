#include "store/sqlite/files.h"

#include <cerrno>
#include <filesystem>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "store/folder.h"
#include "store/store.h"

namespace postern::store::sqlite {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

std::unexpected<Error> disk_error(int number, std::string detail) {
  if (number == ENOSPC || number == EDQUOT) return fail(store_errc::no_space, std::move(detail));
  return fail_errno(number, std::move(detail));
}

Result<void> make_folder(const std::string& path) {
  if (path.empty() || ::mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return disk_error(errno, "create folder " + path);
  TRY_VOID(make_folder(std::filesystem::path(path).parent_path().string()));
  if (::mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) return {};
  return disk_error(errno, "create folder " + path);
}

Result<void> sync_folder(const std::string& path) {
  const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return disk_error(errno, "open folder " + path);
  if (::fsync(folder.fd()) != 0) return disk_error(errno, "sync folder " + path);
  return {};
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> create_database_file(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  TRY_VOID(make_folder(folder));
  close_default_folder(folder);
  // Made here and not by SQLite, which would use 0644; the log and its index take over its mode.
  const File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (!file.is_open()) return disk_error(errno, "create store " + path);
  // One that was there before may be wider. Not ours to change: opened all the same.
  (void)::fchmod(file.fd(), kFileMode);
  return sync_folder(folder);
}

Result<File> lock_store(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (!file.is_open()) return disk_error(errno, "open " + path);
  if (::flock(file.fd(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno != EWOULDBLOCK) return disk_error(errno, "lock " + path);
  return fail(store_errc::busy,
              "store " + database_path + " belongs to a running gateway; stop it first");
}

BodyFolder::BodyFolder(std::string folder)
    : folder_(folder.empty() ? "." : std::move(folder)), bodies_(folder_ + "/bodies") {}

Result<void> BodyFolder::create() {
  TRY_VOID(make_folder(bodies_));
  return sync_folder(folder_);
}

Result<BodyFolder::NewFile> BodyFolder::create_file() {
  NewFile made{format_id(make_id_value(system_clock().now())), File()};
  const std::string path = bodies_ + "/" + made.name;
  made.file = File(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!made.file.is_open()) return disk_error(errno, "create body file " + path);
  return made;
}

Result<File> BodyFolder::open_file(const std::string& name) const {
  const std::string path = bodies_ + "/" + name;
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.is_open()) return file;
  if (errno == ENOENT) return fail(store_errc::no_body, "body file " + path + " is gone");
  return disk_error(errno, "open body file " + path);
}

void BodyFolder::remove(const std::string& name) const {
  ::unlink((bodies_ + "/" + name).c_str());
}

Result<void> BodyFolder::sync() const {
  return sync_folder(bodies_);
}

Result<void> BodyFolder::sync_file(const std::string& name, const File& file) const {
  if (::fsync(file.fd()) == 0) return {};
  return disk_error(errno, "sync body file " + bodies_ + "/" + name);
}

Result<void> BodyFolder::remove_orphans(
    const std::function<Result<bool>(const std::string& name)>& owned) const {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(bodies_.c_str()), &::closedir);
  if (!folder) return disk_error(errno, "read folder " + bodies_);
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    // Only names of the form that create_file() gives: nothing else in there is ours to remove.
    if (!parse_id(name)) continue;
    TRY(const bool keep, owned(name));
    if (!keep) remove(name);
  }
  return {};
}

}  // namespace postern::store::sqlite
