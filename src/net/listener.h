// Listening sockets. IPv6 sockets are V6ONLY, SO_REUSEADDR is set, backlog kBacklog.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "io/executor.h"
#include "net/stream.h"
#include "policy/config.h"

namespace postern::net {

constexpr int kBacklog = 1024;

class Listener {
 public:
  // Binds at once (so a bad address is an error of the start). Port 0: the system's choice, see
  // port(). Errors: invalid "receive.internet.listen: 0.0.0.0:25: address already in use".
  [[nodiscard]] static Result<std::unique_ptr<Listener>> bind(io::Runtime& runtime,
                                                              const policy::Endpoint& endpoint);
  ~Listener();
  // Accepts until close(); every connection goes to `on_connection` on one of the runtime's loops
  // (round robin), where the Stream lives. A failure to accept
  // (out of descriptors) is logged once a minute; it pauses 100 ms and goes on.
  void start(std::function<void(std::unique_ptr<Stream>, io::Executor)> on_connection);
  void close();  // any thread
  [[nodiscard]] std::uint16_t port() const;

  struct State;
  explicit Listener(std::shared_ptr<State> state);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace postern::net
