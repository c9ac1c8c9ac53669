// One look at one address of a next hop: connect, greeting, EHLO, STARTTLS, handshake, second EHLO
// -> Evidence, and the session ready for mail where it came that far. Attempts, blocker probes and
// (later) check, preflight and watch all look through it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "io/awaitable.h"
#include "io/executor.h"
#include "net/stream.h"
#include "policy/config.h"
#include "smtp/client_session.h"
#include "tls/engine.h"
#include "verdict/evidence.h"

namespace postern::observe {

// A place to try, in order.
struct Target {
  std::string host;     // for SNI, words and loops; the literal where an address was configured
  std::string address;  // textual IP
  std::uint16_t port = 25;
  verdict::DnsEvidence dns;
};

// The next hop's targets by RFC 5321 s5.1: MX by preference (equal ones shuffled), A/AAAA where
// there is no MX, every address of every host; or the configured smart hosts in order. `problem` is
// set when there is none: code of the catalog with words.
struct Targets {
  std::vector<Target> list;
  std::string
      problem_code;  // "none", "dns-resolution-failure", "null-mx", "mail-loop", "dnssec-bogus"
  std::string problem;
  bool permanent = false;  // null MX, no such domain
  verdict::DnsEvidence dns;
  Duration ttl{};               // shortest seen; a change trigger for blockers
  std::vector<Target> missing;  // hosts of the next hop that no address was found of
};
struct TargetRequest {
  std::string domain;  // recipient domain (A-label); used when `hosts` is empty
  std::vector<policy::Endpoint> hosts;
  std::uint16_t port = 25;  // for MX hosts
  // An MX that bears a name of ours and those less preferred are dropped (RFC 5321 s5.1).
  std::vector<std::string> own_names;
  // An address:port of ours is a loop as well; a wildcard listener has all of own_addresses.
  std::vector<policy::Endpoint> own_listeners;
  std::vector<std::string> own_addresses;
};
constexpr std::size_t kMaxTargets = 50;  // addresses, and hosts that are looked up
// Hosts are looked up side by side, so that a dead name server costs its own time once, and not
// that of each host behind it; at most this many at a time.
constexpr std::size_t kLookupsAtOnce = 16;
// `executor`: of the awaiting loop.
[[nodiscard]] io::Task<Targets> resolve_targets(io::Executor executor, dns::Resolver& resolver,
                                                TargetRequest request);

// What the protocol log gets: '+' with our own endpoint as data, else event as in Exchange's layout
// ('+' connect, '-' disconnect, '>' sent,
// '<' received, '*' information).
using ProtocolSink =
    std::function<void(char event, std::string_view data, std::string_view context)>;

struct LookRequest {
  Target target;
  std::string helo;
  std::string source_address;  // of the target's family; empty: any
  bool use_tls = true;         // false: level none; STARTTLS is not sent
  bool implicit_tls = false;
  tls::ClientSettings
      tls;  // credential, minimum version, session to resume; SNI is set from the target
  std::optional<std::string> sni;  // in place of the target's host; "": none is sent
  policy::Timeouts timeouts;
  Duration overall{};                 // bound of the whole look; 0: each wait's own deadline alone
  std::vector<std::string> crls_der;  // put into the Evidence
  ProtocolSink protocol;              // may be empty
};

// The session after the second EHLO (or the first without TLS).
struct ReadySession {
  std::unique_ptr<net::Stream> stream;
  smtp::ClientSession session;
};

struct Look {
  verdict::Evidence evidence;
  std::unique_ptr<ReadySession>
      ready;  // nullptr: it did not come that far (Evidence says where it ended)
};

// Never fails: what went wrong is in the Evidence. Every wait has its deadline from `timeouts`.
// Runs on the awaiting loop, which is `executor`'s.
[[nodiscard]] io::Task<Look> look(io::Executor executor, const Clock& clock, LookRequest request);

// Ends a session politely: QUIT, a short wait, close.
[[nodiscard]] io::Task<void> end_session(std::unique_ptr<ReadySession> ready, Duration timeout);

}  // namespace postern::observe
