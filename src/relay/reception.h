// Receive connectors at work: one coroutine a connection drives smtp::ServerSession over a
// net::Stream, judges the client's certificate, filters the header, streams the body to the store
// and answers 250 after it is durable.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/executor.h"
#include "net/listener.h"
#include "relay/context.h"
#include "x509/certificate.h"

namespace postern::relay {

// What Reception tells others; called on the sessions' loops.
struct ReceptionHooks {
  // Destinations of a message that is durable.
  std::function<void(std::vector<std::string>)> on_accepted;
  // The leaf of a client that is trusted for it, and whose it is in words; may be empty.
  std::function<void(const x509::Certificate& leaf, const std::string& whose)>
      on_client_certificate;
};

class Reception {
 public:
  // `on_accepted(destination keys)` is called on the accepting session's loop after the message is
  // durable.
  Reception(Context& context, ReceptionHooks hooks);
  // Closes the listeners. Sessions that still run end with their Runtime, which `context` outlives.
  ~Reception();

  // Opens the listeners of `snapshot`, which new sessions begin with from then on; all or nothing:
  // after an error everything is as it was. After a reload: keeps what did not change, opens new
  // ones first, then closes those that are gone. Main loop only.
  [[nodiscard]] Result<void> listen(const std::shared_ptr<const Snapshot>& snapshot);
  // No more connections; sessions are told 421 at the next moment that is allowed. Main loop only.
  void shutdown();
  [[nodiscard]] std::size_t sessions() const;
  // What listens where; the port is the one that was really bound.
  struct Bound {
    std::string connector;
    policy::Endpoint endpoint;
  };
  [[nodiscard]] std::vector<Bound> bound() const;
  // The same for people: "receive connector apps on 127.0.0.1:2525 (clear text and
  // STARTTLS)".
  [[nodiscard]] std::vector<std::string> describe() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace postern::relay
