// HTTP/1.1 over a Unix socket, one request a connection. Whoever may open the socket may command
// the gateway, so its file is 0600 from its first moment on. Requests are bounded in size and time,
// and connections in number: at kMaxConnections the next ones wait in the backlog.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "admin/api.h"
#include "base/result.h"
#include "io/executor.h"

namespace postern::admin {

constexpr std::size_t kMaxConnections = 32;
constexpr std::size_t kMaxHeaderOctets = 16 * 1024;
constexpr Duration kRequestTimeout{10'000};   // for the whole request to arrive
constexpr Duration kResponseTimeout{30'000};  // for the client to take the answer

// Answers one request. `user`: name of the user at the other end (uid:N where he has none). Runs on
// any loop of the runtime.
using Handler = std::function<io::Task<Response>(Request request, std::string user)>;

class AdminServer {
 public:
  // Makes the folder where it is missing (0700), replaces a stale socket. Errors: invalid, when a
  // gateway answers there, when the file is something else, when the path is too long for a socket.
  [[nodiscard]] static Result<std::unique_ptr<AdminServer>> listen(io::Runtime& runtime,
                                                                   const std::string& path,
                                                                   Handler handler);
  // Accepts no more and removes the socket file where it is still ours. Requests under way keep the
  // handler alive and end with the runtime at the latest; what the handler refers to must live as
  // long.
  ~AdminServer();

  struct State;

 private:
  explicit AdminServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace postern::admin
