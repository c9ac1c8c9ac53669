// When what is sent: one state per destination, on the main loop. Ordinary back-off per
// destination, blockers with their probes, release in order of arrival, notices and lifetimes. What
// waits why is said by views() for queue, trace and status.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "io/executor.h"
#include "relay/alerts.h"
#include "relay/blocker.h"
#include "relay/context.h"
#include "relay/delivery.h"

namespace postern::relay {

// An operator's recorded, time-boxed exception for one destination, besides those of the
// configuration.
struct OperatorException {
  std::string destination;
  verdict::PolicyException exception;
};

// A message as one destination's session would take it.
struct Claim {
  std::string destination;
  MessageId message;
  auto operator<=>(const Claim&) const = default;
};

class Scheduler {
 public:
  Scheduler(Context& context, Alerts& alerts);
  ~Scheduler();

  // Reads blockers, exceptions and destinations from the store and begins. Before start() of the
  // runtime, or on its main loop.
  [[nodiscard]] Result<void> load();
  void run();       // spawns the clockwork on the main loop
  void shutdown();  // no new sessions; those that run end after their message. Main loop only.
  [[nodiscard]] bool idle() const;  // no session runs. Main loop only.

  // New mail for these destinations. Any loop.
  void poke(std::vector<std::string> destinations);
  // Configuration or materials changed: destinations are routed anew, every blocker is probed at
  // once. Main loop only.
  void snapshot_changed(bool configuration);

  // Operator's actions; main loop only. Empty `destination`: all. A text matches the key, the next
  // hop or the blocker's id.
  std::size_t retry_now(const std::string& destination);
  void add_exception(OperatorException exception);
  // The destination behind a blocker's id, next hop or key; nullopt: none such is blocked.
  [[nodiscard]] std::optional<std::string> destination_of_blocker(const std::string& text) const;
  // Those of `wanted` that wait aside for another turn: claimed, in no session. Their claims are
  // the caller's from then on, to be given back with Store::finish.
  [[nodiscard]] std::vector<Claim> withdraw(const std::vector<Claim>& wanted);

  // {"blockers":[...],"destinations":[...],"findings":[...]} of DESIGN.md. `counts` comes from the
  // store (blocking read, by the caller).
  [[nodiscard]] Json view(const std::vector<store::DestinationCount>& counts) const;
  // What one destination waits for:
  // {"state":"blocked|deferred|active|idle","blocker":...,"code":...,"last_error":...,"next_attempt":...}.
  [[nodiscard]] Json destination_view(const std::string& key) const;
  [[nodiscard]] std::size_t blockers() const;

 private:
  class Work;
  std::shared_ptr<Work> work_;
};

}  // namespace postern::relay
