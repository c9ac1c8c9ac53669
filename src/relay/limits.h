// How much one client may ask of a receive connector: connections at a time, connections and
// messages a minute. Counts are per connector and client address; an IPv6 client counts by its /64,
// since whoever has one address of it has them all. Rates are token buckets that hold one minute's
// allowance. Memory is bounded: a client without a connection is forgotten, the least recently seen
// first, when kMaxTrackedClients are known. Thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "mail/reply.h"
#include "policy/config.h"

namespace postern::relay {

constexpr std::size_t kMaxTrackedClients = 100'000;

enum class Admission {
  admitted,
  too_many_sessions,     // of the process: file descriptors
  too_many_connections,  // of the connector
  too_many_of_client,
  connection_rate,
  message_rate,
};

class ClientLimits {
 public:
  // `max_sessions`: of all connectors together.
  explicit ClientLimits(std::size_t max_clients = kMaxTrackedClients,
                        std::size_t max_sessions = std::numeric_limits<std::size_t>::max())
      : max_clients_(max_clients), max_sessions_(max_sessions) {}

  // Counts a connection, where it is admitted, until disconnect() with the same names.
  [[nodiscard]] Admission connect(const policy::ReceiveConnector& connector,
                                  const std::string& address, Time now);
  void disconnect(const std::string& connector, const std::string& address);
  // Counts a message, where it is admitted.
  [[nodiscard]] Admission message(const policy::ReceiveConnector& connector,
                                  const std::string& address, Time now);

  [[nodiscard]] std::size_t tracked() const;

 private:
  // Starts full; `rate` tokens a minute flow in, at most `rate` are held.
  struct Bucket {
    double used = 0;
    Time filled{};
    [[nodiscard]] bool take(unsigned rate, Time now);
  };
  struct Client {
    unsigned connections = 0;
    Bucket connecting, sending;
    std::optional<std::list<std::string>::iterator> idle;  // its place in idle_; none: connected
  };
  using Clients = std::unordered_map<std::string, Client>;

  // The client's entry, made when there is none; nullptr: no room, all known clients are connected.
  Client* find_or_make(const std::string& key, Time now);
  void set_idle(const std::string& key, Client& client);

  const std::size_t max_clients_, max_sessions_;
  mutable std::mutex mutex_;
  Clients clients_;
  std::list<std::string> idle_;  // keys of clients without a connection, longest idle first
  std::unordered_map<std::string, unsigned> connections_;  // by connector
  std::size_t sessions_ = 0;                               // of all connectors
};

// What a client reads that was not admitted; nullopt for Admission::admitted. `fqdn`: who says so
// (RFC 5321 s4.2.3: 421 names the host).
[[nodiscard]] std::optional<mail::Reply> refusal(Admission admission, const std::string& fqdn);
// For the operator's log.
[[nodiscard]] std::string_view to_string(Admission admission);

// "203.0.113.7", or the /64 of an IPv6 address: whom a limit counts as one.
[[nodiscard]] std::string client_of(const std::string& address);

}  // namespace postern::relay
