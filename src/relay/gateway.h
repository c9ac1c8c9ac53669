// The gateway as a whole: opens what it needs, wires reception, scheduler and alerts, reloads,
// ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "dns/resolver.h"
#include "io/executor.h"
#include "relay/alerts.h"
#include "relay/configuration.h"
#include "relay/context.h"
#include "relay/reception.h"
#include "relay/scheduler.h"
#include "store/store.h"

namespace postern::relay {

class Gateway {
 public:
  // Opens the store and the resolver of `configuration` (which must be ok). Nothing listens yet.
  // Errors: the store's or resolver's, as sentences with the key of the configuration.
  [[nodiscard]] static Result<std::unique_ptr<Gateway>> create(Configuration configuration,
                                                               const Clock& clock);
  ~Gateway();

  // Opens the listeners and starts. Errors: a listener cannot be opened (nothing runs then).
  [[nodiscard]] Result<void> start();
  // Reads the configuration and its files again; what is broken is refused, reported and leaves the
  // running one in force. Any thread; returns at once. `done` is told what came of it, on a thread
  // of the gateway.
  using ReloadDone = std::function<void(const Result<void>&)>;
  void reload(ReloadDone done = [](const Result<void>&) {});
  // Stops listening, lets sessions end for at most `grace`, then ends. Blocking; call from no loop.
  void shutdown(Duration grace);

  [[nodiscard]] Context& context();
  [[nodiscard]] Scheduler& scheduler();  // main loop only
  [[nodiscard]] Reception& reception();  // main loop only
  // For status: when started, the last reload, refused reloads, notices in force.
  struct Health {
    Time started{};
    Time last_reload{};
    std::string refused_reload;         // why the last reload was refused; empty: it was not
    std::vector<std::string> problems;  // certificates that could not be loaded or replaced
  };
  [[nodiscard]] Health health() const;  // any thread

 private:
  struct State;
  explicit Gateway(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace postern::relay
