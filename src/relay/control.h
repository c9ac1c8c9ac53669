// The operator's questions and commands, as JSON: what the control socket answers. Reads run on the
// pool, decisions on the main loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "relay/gateway.h"
#include "relay/selector.h"

namespace postern::relay {

enum class Action { hold, release, give_back, extend, resubmit };  // give_back: return to sender

class Control {
 public:
  explicit Control(Gateway& gateway) : gateway_(gateway) {}

  [[nodiscard]] io::Task<Result<Json>> status();
  [[nodiscard]] io::Task<Result<Json>> queue();
  // One message with its trace. Errors: invalid (no such message).
  [[nodiscard]] io::Task<Result<Json>> message(MessageId id);
  // {"messages":[...]}; each as `trace --json` prints it.
  [[nodiscard]] io::Task<Result<Json>> trace(store::TraceFilter filter);
  [[nodiscard]] io::Task<Result<Json>> verdict(VerdictId id);
  // {"destinations":N}
  [[nodiscard]] io::Task<Result<Json>> retry(std::string destination);
  // {"messages":N,"recipients":N}, for give_back what return_mail() says. `until` for extend; `by`
  // is who asked (user name), recorded.
  [[nodiscard]] io::Task<Result<Json>> change(Action action, Selector selector,
                                              std::optional<Time> until, std::string by);
  // Lets what waits behind one blocker go under a recorded, time-boxed exception. Errors: invalid
  // (no such blocker, code, time).
  [[nodiscard]] io::Task<Result<Json>> allow(std::string blocker,
                                             verdict::PolicyException exception);
  [[nodiscard]] io::Task<Result<Json>> reload();

 private:
  Gateway& gateway_;
};

// `trace --json`'s form of one message; `waits` is Scheduler::destination_view of a pending
// recipient's destination, or null.
[[nodiscard]] Json message_json(const store::TracedMessage& message,
                                const std::vector<std::pair<std::string, Json>>& destination_views);

}  // namespace postern::relay
