// What all sessions of a Reception share. Internal to reception; each part is thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/log.h"
#include "base/log_gate.h"
#include "io/descriptors.h"
#include "relay/client_judge.h"
#include "relay/connectors.h"
#include "relay/limits.h"
#include "relay/reception.h"

namespace postern::relay {

class ReceiveSession;

// Lines a minute of events that clients can cause at will.
constexpr unsigned kClientLinesPerMinute = 120;

// Verdicts of refused clients that may be stored: so many a minute of a connector, and of one
// client address. A client that makes a new certificate for each connection would else fill the
// store.
class VerdictGate {
 public:
  static constexpr unsigned kPerMinute = 60;
  static constexpr unsigned kPerClientAndMinute = 10;
  [[nodiscard]] bool open(const std::string& connector, const std::string& address, Time now);

 private:
  std::mutex mutex_;
  Time minute_{};
  // Of this minute. Clients are counted only where the connector has room, so there are no more of
  // them than kPerMinute a connector.
  std::unordered_map<std::string, unsigned> connectors_, clients_;
};

struct ReceptionCore {
  ReceptionCore(Context& context_in, ReceptionHooks hooks)
      : context(context_in),
        on_accepted(std::move(hooks.on_accepted)),
        on_client_certificate(std::move(hooks.on_client_certificate)) {}

  Context& context;
  const std::function<void(std::vector<std::string>)> on_accepted;
  const std::function<void(const x509::Certificate&, const std::string&)> on_client_certificate;
  ClientLimits limits{kMaxTrackedClients, io::sessions_for(io::descriptor_limit())};
  VerdictMemory verdicts;
  log::Gate log_gate{kClientLinesPerMinute};
  VerdictGate verdict_gate;

  // An event that clients can cause at will.
  void tell(const log::Event& event, std::string_view connector, const std::string& client,
            std::string text);

  // False: shutting down, no session begins any more.
  [[nodiscard]] bool add(ReceiveSession* session);
  void remove(ReceiveSession* session);
  [[nodiscard]] std::size_t sessions() const;
  // Tells every session, on its loop.
  void shut_down();
  void abort_all();

 private:
  void each(void (ReceiveSession::*act)());

  mutable std::mutex mutex_;
  std::unordered_set<ReceiveSession*> sessions_;
  bool shutting_down_ = false;
};

}  // namespace postern::relay
