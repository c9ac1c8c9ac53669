// The socket's file: made with its mode, told stale from live, removed only by its owner.
#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace postern::admin {

struct SocketFile {
  int fd = -1;  // listening; the caller's to close
  dev_t device = 0;
  ino_t inode = 0;
};

[[nodiscard]] Result<SocketFile> open_socket_file(const std::string& path);
// Only where the file at `path` is still the one of `file`: another gateway may have replaced it.
void remove_socket_file(const std::string& path, const SocketFile& file);
// Name of the user at the other end of a connected Unix socket.
[[nodiscard]] std::string peer_user(int fd);

}  // namespace postern::admin
