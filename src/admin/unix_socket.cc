#include "admin/unix_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace postern::admin {
namespace {

constexpr mode_t kSocketMode = 0600;
constexpr int kBacklog = 64;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return invalid("admin.listen: " + path + " is too long for a socket (" +
                   std::to_string(sizeof(address.sun_path) - 1) +
                   " octets at most); choose a shorter path, such as unix:/run/postern.sock");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool somebody_answers(const sockaddr_un& address) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // A full backlog (EAGAIN) is a live listener too.
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
             0 ||
         errno == EAGAIN || errno == EINPROGRESS;
}

Result<void> clear_the_way(const std::string& path, const sockaddr_un& address) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0) return {};
  if (!S_ISSOCK(there.st_mode))
    return invalid("admin.listen: " + path +
                   " exists and is no socket; remove it or choose another");
  if (somebody_answers(address))
    return invalid("admin.listen: a gateway answers on " + path +
                   " already; stop it, or give this one a socket of its own");
  if (::unlink(path.c_str()) != 0) return fail_errno(errno, "cannot remove stale socket " + path);
  return {};
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return {};
  std::filesystem::create_directories(folder, error);
  if (error) return fail(error, "admin.listen: cannot make folder " + folder.string());
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) return fail(error, "admin.listen: cannot close folder " + folder.string());
  return {};
}

}  // namespace

Result<SocketFile> open_socket_file(const std::string& path) {
  TRY(const sockaddr_un address, address_of(path));
  TRY_VOID(make_folder(std::filesystem::path(path).parent_path()));
  TRY_VOID(clear_the_way(path, address));
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener.get() < 0) return fail_errno(errno, "admin.listen: socket");
  // On Linux bind() gives the file the socket's own mode: no moment in which others may connect.
  if (::fchmod(listener.get(), kSocketMode) != 0)
    return fail_errno(errno, "admin.listen: mode of " + path);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return fail_errno(errno, "admin.listen: cannot make " + path);
  struct stat made{};
  if (::lstat(path.c_str(), &made) != 0) return fail_errno(errno, "admin.listen: " + path);
  if (::listen(listener.get(), kBacklog) != 0) return fail_errno(errno, "admin.listen: " + path);
  SocketFile out;
  out.device = made.st_dev;
  out.inode = made.st_ino;
  out.fd = listener.release();
  return out;
}

void remove_socket_file(const std::string& path, const SocketFile& file) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0 && there.st_dev == file.device &&
      there.st_ino == file.inode) {
    ::unlink(path.c_str());
  }
}

std::string peer_user(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unknown";
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(peer.uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return "uid:" + std::to_string(peer.uid);
}

}  // namespace postern::admin
