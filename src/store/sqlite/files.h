// The store's folder: the lock, bodies in files. Names of body files are the store's
// own and never come from a peer. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/result.h"

namespace postern::store::sqlite {

// A file descriptor that closes itself.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept;
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Creates the folder of `path` (0700) and an empty file (0600) where they are missing.
[[nodiscard]] Result<void> create_database_file(const std::string& path);
// Held while the File lives. Errors: store_errc::busy.
[[nodiscard]] Result<File> lock_store(const std::string& database_path);

class BodyFolder {
 public:
  // `folder`: the database's folder; bodies are in bodies/ below it.
  explicit BodyFolder(std::string folder);

  [[nodiscard]] Result<void> create();  // 0700, durable
  // A new file (0600) under a name that never was there before.
  struct NewFile {
    std::string name;
    File file;
  };
  [[nodiscard]] Result<NewFile> create_file();
  [[nodiscard]] Result<File> open_file(const std::string& name) const;  // store_errc::no_body
  void remove(const std::string& name) const;  // best effort: the next start removes what is left
  // Makes names durable. Octets of a file are made so by sync_file.
  [[nodiscard]] Result<void> sync() const;
  [[nodiscard]] Result<void> sync_file(const std::string& name, const File& file) const;
  // Removes every file that `owned` denies.
  [[nodiscard]] Result<void> remove_orphans(
      const std::function<Result<bool>(const std::string& name)>& owned) const;

 private:
  std::string folder_, bodies_;
};

}  // namespace postern::store::sqlite
