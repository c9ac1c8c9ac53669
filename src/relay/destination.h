// The state of one destination in the scheduler: counts of sessions, back-off, blocker. Plain data
// and small decisions; main loop only.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/executor.h"
#include "policy/route.h"
#include "relay/blocker.h"
#include "relay/jitter.h"
#include "relay/outcome.h"
#include "relay/pulse.h"
#include "relay/refused_mail.h"

namespace postern::relay {

// A session that has nothing to send and waits a moment for more: its loop, and the signal that
// wakes it there.
struct Lingering {
  io::Executor executor;
  std::shared_ptr<io::Signal> signal;
};

// A session that is in one transaction for so long works on nothing else: it is no reason for other
// mail to wait, or for a probe.
constexpr Duration kStuckAfter{10'000};

// A session at work: whether it hangs, and how it gives back what it has claimed and not begun.
struct Running {
  std::shared_ptr<const Pulse> pulse;
  std::function<void()> give_back;

  [[nodiscard]] bool hangs(Time now) const {
    const std::optional<Time> since = pulse->since();
    return since && now - *since >= kStuckAfter;
  }
};

struct DestinationState {
  policy::Destination destination;
  std::string key;
  unsigned sessions = 0;         // delivering now
  std::vector<Running> running;  // they
  unsigned allowed = 1;  // slow start: grows by one with each session that worked, up to the limit
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
  RefusedMail refused;               // in the dialogue, by words of TLS or certificates
  std::optional<Time>
      released_at;  // when its last blocker ended: overdue mail has its time from then
  std::optional<Blocker> blocker;
  std::optional<verdict::PolicyException> exception;
  std::vector<Lingering> lingering;
  Time last_used{};

  [[nodiscard]] bool may_send(Time now) const {
    return !blocker && !sweeping && waiting_mail && (!next_attempt || *next_attempt <= now);
  }
  // Sessions that hang, by what is known of them.
  [[nodiscard]] unsigned stuck(Time now) const {
    return static_cast<unsigned>(
        std::ranges::count_if(running, [now](const Running& one) { return one.hangs(now); }));
  }
  // Its last attempt failed, nothing but a probe has worked so far, or a session hangs already: one
  // more may take as long as every deadline allows.
  [[nodiscard]] bool may_stall(bool trial, Time now) const {
    return trial || backoff > Duration::zero() || stuck(now) > 0;
  }
  // Mail waits for its turn, or is under way.
  [[nodiscard]] bool holds_mail() const {
    return blocker || next_attempt || waiting_mail || !deferred.empty() ||
           sessions > lingering.size();
  }
  // Doubles the back-off between the bounds, ±10 % by `jitter` in [0,1).
  [[nodiscard]] static Duration next_backoff(Duration previous, Duration min, Duration max,
                                             double jitter) {
    const Duration base = previous == Duration::zero() ? min : std::min(previous * 2, max);
    return spread(std::max(base, min), jitter);
  }
};

}  // namespace postern::relay
