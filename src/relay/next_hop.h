// Finding a usable host of a next hop: resolve, look at each address in turn, judge each. What
// attempts and probes share, so that a probe cannot be cleaner than the attempt after it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "observe/look.h"
#include "policy/route.h"
#include "relay/context.h"
#include "relay/outcome.h"
#include "verdict/verdict.h"

namespace postern::relay {

// TLS sessions to resume, by destination, address and own certificate; thread-safe, bounded. A
// resumed session is judged again from the chain it was made with.
class TlsSessions {
 public:
  [[nodiscard]] std::shared_ptr<const tls::Session> find(const std::string& key) const;
  void put(const std::string& key, std::shared_ptr<const tls::Session> session);
  void erase(const std::string& key);
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::shared_ptr<const tls::Session>>> sessions_;
};
constexpr std::size_t kMaxTlsSessions = 1000;

struct NextHopRequest {
  std::shared_ptr<const Snapshot> snapshot;
  policy::Destination destination;
  std::optional<verdict::PolicyException> exception;  // the operator's, besides the configured one
  bool resume =
      true;  // false: full handshakes, as probes need them: what a peer presents now counts
  std::vector<std::string> skip;  // "address:port" that failed in this attempt already
};

// A sentence about a host that is not what it should be.
struct Finding {
  std::string host;  // as describe() says it
  std::string text;
};

// "mx1.partner.example [192.0.2.1]:25".
[[nodiscard]] std::string describe(const observe::Target& target);

struct NextHopLook {
  std::unique_ptr<observe::ReadySession> ready;  // nullptr: no host is usable
  observe::Target target;                        // of `ready`, or of the decisive verdict
  verdict::Verdict verdict;                      // of `ready`, or the decisive one
  verdict::Evidence evidence;
  std::optional<Outcome> failure;  // why none is usable
  std::vector<Finding> findings;   // hosts that are broken beside it, or got clear text
  std::set<std::string> hosts;     // every target, as describe() says it
  std::string targets;             // the list as text: a change is a trigger
  Duration ttl{};
  verdict::TlsPolicy policy;
  SessionId session;
  std::string tls_session_key;
  std::shared_ptr<SessionLog> protocol;  // of `ready`'s connection, to go on with
};

[[nodiscard]] io::Task<NextHopLook> look_at_next_hop(Context& context, io::Executor executor,
                                                     TlsSessions& tls_sessions,
                                                     NextHopRequest request);
// Only what DNS or the configuration says now, for comparison with NextHopLook::targets.
[[nodiscard]] io::Task<std::pair<std::string, Duration>> list_targets(
    Context& context, io::Executor executor, std::shared_ptr<const Snapshot> snapshot,
    policy::Destination destination);

}  // namespace postern::relay
