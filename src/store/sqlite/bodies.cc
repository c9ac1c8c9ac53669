#include "store/sqlite/bodies.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace postern::store::sqlite {
namespace {

// A large body starts its way to the disk while it arrives, so that the writer thread does not wait
// for all of it at once.
constexpr std::uint64_t kWriteBehindOctets = 4 << 20;
constexpr std::size_t kMaxReadOctets = 1 << 20;

class MemoryReader final : public BodyReader {
 public:
  explicit MemoryReader(std::string octets) : octets_(std::move(octets)) {}
  [[nodiscard]] std::uint64_t size() const override { return octets_.size(); }
  [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::size_t max) override {
    if (offset >= octets_.size()) return std::string();
    return octets_.substr(static_cast<std::size_t>(offset), max);
  }

 private:
  std::string octets_;
};

class FileReader final : public BodyReader {
 public:
  FileReader(std::string prefix, File file, std::string name, std::uint64_t octets)
      : prefix_(std::move(prefix)),
        file_(std::move(file)),
        name_(std::move(name)),
        octets_(octets) {}
  [[nodiscard]] std::uint64_t size() const override { return prefix_.size() + octets_; }

  [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::size_t max) override {
    if (offset < prefix_.size()) return prefix_.substr(static_cast<std::size_t>(offset), max);
    const std::uint64_t in_file = offset - prefix_.size();
    if (in_file >= octets_) return std::string();
    const std::uint64_t left = octets_ - in_file;
    std::string out(static_cast<std::size_t>(
                        std::min<std::uint64_t>({left, max, std::uint64_t{kMaxReadOctets}})),
                    '\0');
    ssize_t got = 0;
    do {
      got = ::pread(file_.fd(), out.data(), out.size(), static_cast<off_t>(in_file));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return fail_errno(errno, "read body file " + name_);
    if (got == 0 && !out.empty()) {
      return fail(store_errc::corrupt, "body file " + name_ + " is shorter than what was stored");
    }
    out.resize(static_cast<std::size_t>(got));
    return out;
  }

 private:
  std::string prefix_;
  File file_;
  std::string name_;
  std::uint64_t octets_;
};

}  // namespace

StoredBodyWriter::StoredBodyWriter(BodyFolder& folder, std::uint64_t memory_limit)
    : folder_(folder), memory_limit_(memory_limit) {}

StoredBodyWriter::~StoredBodyWriter() {
  if (in_file() && !kept_) folder_.remove(file_.name);
}

Result<void> StoredBodyWriter::append(std::string_view octets) {
  if (error_) return std::unexpected(*error_);
  if (!in_file() && memory_.size() + octets.size() <= memory_limit_) {
    memory_.append(octets);
    octets_ += octets.size();
    return {};
  }
  Result<void> written = in_file() ? Result<void>() : spill();
  if (written) written = write_file(octets);
  if (!written) {
    error_ = written.error();
    return written;
  }
  octets_ += octets.size();
  return {};
}

void StoredBodyWriter::set_prefix(std::string octets) {
  if (!prefix_.empty() || octets.size() > kMaxPrefixOctets) std::abort();  // broken contract
  prefix_ = std::move(octets);
}

std::uint64_t StoredBodyWriter::size() const {
  return prefix_.size() + octets_;
}

Result<void> StoredBodyWriter::spill() {
  TRY(file_, folder_.create_file());
  TRY_VOID(write_file(memory_));
  memory_.clear();
  memory_.shrink_to_fit();
  return {};
}

Result<void> StoredBodyWriter::write_file(std::string_view octets) {
  std::string_view left = octets;
  while (!left.empty()) {
    const ssize_t put =
        ::pwrite(file_.file.fd(), left.data(), left.size(), static_cast<off_t>(in_file_));
    if (put < 0) {
      if (errno == EINTR) continue;
      if (errno == ENOSPC || errno == EDQUOT) {
        return fail(store_errc::no_space, "write body file " + file_.name);
      }
      return fail_errno(errno, "write body file " + file_.name);
    }
    left.remove_prefix(static_cast<std::size_t>(put));
    in_file_ += static_cast<std::uint64_t>(put);
  }
  if (in_file_ - started_ >= kWriteBehindOctets) {
    // Only a hint; whether the octets are durable is asked of fsync alone.
    ::sync_file_range(file_.file.fd(), static_cast<off_t>(started_),
                      static_cast<off_t>(in_file_ - started_), SYNC_FILE_RANGE_WRITE);
    started_ = in_file_;
  }
  return {};
}

Result<void> StoredBodyWriter::sync() {
  if (error_) return std::unexpected(*error_);
  if (!in_file()) return {};
  return folder_.sync_file(file_.name, file_.file);
}

Result<void> StoredBodyWriter::insert(Database& database, MessageId message) const {
  if (error_) return std::unexpected(*error_);
  if (in_file()) {
    return database.exec("INSERT INTO body(message, file, size, prefix) VALUES(?, ?, ?, ?)",
                         message, file_.name, octets_, Blob{prefix_});
  }
  return database.exec("INSERT INTO body(message, size, prefix, octets) VALUES(?, ?, ?, ?)",
                       message, octets_, Blob{prefix_}, Blob{memory_});
}

Result<std::unique_ptr<BodyReader>> open_stored_body(Database& database, const BodyFolder& folder,
                                                     MessageId id) {
  Query query = database.query("SELECT file, size, prefix, octets FROM body WHERE message = ?", id);
  TRY(const bool row, query.step());
  if (!row) return fail(store_errc::no_body, "message " + id.str());
  std::string prefix = query.text(2);
  if (query.is_null(0)) {
    std::string octets = std::move(prefix);
    octets += query.text(3);
    return std::unique_ptr<BodyReader>(std::make_unique<MemoryReader>(std::move(octets)));
  }
  const std::string name = query.text(0);
  const auto size = static_cast<std::uint64_t>(query.integer(1));
  TRY(File file, folder.open_file(name));
  return std::unique_ptr<BodyReader>(
      std::make_unique<FileReader>(std::move(prefix), std::move(file), name, size));
}

}  // namespace postern::store::sqlite
