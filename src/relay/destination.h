// The state of one destination in the scheduler: counts of sessions, back-off, blocker. Plain data
// and small decisions; main loop only.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/executor.h"
#include "policy/route.h"
#include "relay/blocker.h"
#include "relay/jitter.h"
#include "relay/outcome.h"

namespace postern::relay {

// A session that has nothing to send and waits a moment for more: its loop, and the signal that
// wakes it there.
struct Lingering {
  io::Executor executor;
  std::shared_ptr<io::Signal> signal;
};

struct DestinationState {
  policy::Destination destination;
  std::string key;
  unsigned sessions = 0;  // delivering now
  unsigned allowed = 1;   // slow start: grows by one with each session that worked, up to the limit
  bool waiting_mail = true;  // there may be something to claim
  bool probing = false;
  bool probe_again = false;  // something changed while a probe ran
  bool sweeping = false;  // lifetimes are being applied: no session starts meanwhile, and what is
                          // deferred stays so
  bool release_after_sweep = false;  // what is deferred is due, and a sweep has it
  // Where the next sweep goes on; none: at the oldest message.
  MessageId swept_notices, swept_lifetimes;
  std::uint64_t overdue_seen = 0;  // by a walk over the lifetimes that has not come to its end
  // Ordinary back-off. A due time in the past, or none: may be tried.
  std::optional<Time> next_attempt;
  Duration backoff{};
  std::string last_error;
  std::string last_code = "none";
  std::vector<MessageId> deferred;  // claimed until `deferred_until`
  std::optional<Time> deferred_until;
  Duration deferred_backoff{};
  std::optional<MessageId> suspect;  // ended the last session; the second time it steps aside
  std::optional<Time>
      released_at;  // when its last blocker ended: overdue mail has its time from then
  std::optional<Blocker> blocker;
  std::optional<verdict::PolicyException> exception;
  std::vector<Lingering> lingering;
  Time last_used{};

  [[nodiscard]] bool may_send(Time now) const {
    return !blocker && !sweeping && waiting_mail && (!next_attempt || *next_attempt <= now);
  }
  // Its last attempt failed, or nothing but a probe has worked so far: a session may take as long
  // as every deadline allows.
  [[nodiscard]] bool may_stall(bool trial) const { return trial || backoff > Duration::zero(); }
  // Doubles the back-off between the bounds, ±10 % by `jitter` in [0,1).
  [[nodiscard]] static Duration next_backoff(Duration previous, Duration min, Duration max,
                                             double jitter) {
    const Duration base = previous == Duration::zero() ? min : std::min(previous * 2, max);
    return spread(std::max(base, min), jitter);
  }
};

}  // namespace postern::relay
