#include "relay/drop.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern::relay {
namespace {

constexpr std::size_t kChunkOctets = 256 * 1024;

// A descriptor that is closed at the end of its scope.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, std::string_view octets, const std::string& path) {
  while (!octets.empty()) {
    const ssize_t n = ::write(fd, octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "cannot write " + path);
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

std::string envelope_fields(const store::StoredMessage& message) {
  std::string out = "Return-Path: <" + message.facts.reverse_path.str() + ">\r\n";
  for (const store::RecipientState& recipient : message.recipients) {
    out += "Delivered-To: " + recipient.recipient.mailbox.str() + "\r\n";
  }
  return out;
}

Result<void> copy_body(store::BodyReader& body, int fd, const std::string& path) {
  for (std::uint64_t offset = 0; offset < body.size();) {
    TRY(const std::string chunk, body.read(offset, kChunkOctets));
    if (chunk.empty()) return invalid("the stored body of " + path + " ends early");
    TRY_VOID(write_all(fd, chunk, path));
    offset += chunk.size();
  }
  return {};
}

}  // namespace

Result<void> write_drop_file(const std::string& folder, const store::StoredMessage& message,
                             store::BodyReader& body) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    std::filesystem::create_directories(folder, error);
    if (error) return fail(error, "cannot make the drop directory " + folder);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  // Recipients of one message may come here by several connectors or at several times.
  const std::uint32_t first = message.recipients.front().index;
  const std::string part = first == 0 ? std::string() : "-" + std::to_string(first);
  const std::string name = folder + "/" + message.facts.id.str() + part + ".eml";
  const std::string temporary = name + ".part";
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.fd() < 0) return fail_errno(errno, "cannot create " + temporary);
    TRY_VOID(write_all(file.fd(), envelope_fields(message), temporary));
    TRY_VOID(copy_body(body, file.fd(), temporary));
    if (::fsync(file.fd()) != 0) return fail_errno(errno, "cannot fsync " + temporary);
  }
  if (::rename(temporary.c_str(), name.c_str()) != 0)
    return fail_errno(errno, "cannot rename " + temporary);
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd() < 0 || ::fsync(directory.fd()) != 0)
    return fail_errno(errno, "cannot fsync " + folder);
  return {};
}

}  // namespace postern::relay
