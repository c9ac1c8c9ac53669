// What a session's report, or a probe, makes of its destination: decisions on plain data. The
// scheduler carries them out.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "policy/config.h"
#include "relay/delivery.h"
#include "relay/destination.h"

namespace postern::relay {

// What the scheduler has to do once a session's report is noted in the state.
enum class Turn {
  none,          // mail goes on, or waits as noted
  backs_off,     // ordinary trouble: nothing is tried before `next_attempt`
  blocked,       // a blocker begins, or has a new cause
  probed_again,  // the trial failed for an ordinary reason: the blocker stays, its probe is put off
  trial_to_come,  // the trial ended before it proved anything: a probe is due at once
  cured,          // the trial went through: the blocker ends
};
// `jitter` in [0,1) spreads back-offs.
[[nodiscard]] Turn take_report(DestinationState& state, bool trial, const DeliveryReport& report,
                               const policy::QueueConfig& queue, Time now, double jitter);

// A message that a session sets aside: the destination's next turn is its, after the back-off of
// the first of them.
void take_deferral(DestinationState& state, const Deferral& deferral,
                   const policy::QueueConfig& queue, Time now, double jitter);
// A session that still runs has got through.
void take_progress(DestinationState& state);

// So many senders refused in a row, in trials, are no reason for the next one to wait longer.
constexpr std::size_t kQuickTrials = 5;

enum class ProbeTurn {
  repeat,   // something changed while it ran: what it saw may be old
  trial,    // clean, or refused for good: the oldest message finds out
  blocked,  // a verdict stands in the way, perhaps another one than before
  put_off,  // refused, timed out, 4xx: the cause that is known stays the code
};
// `failure`: of the probe. `state` has a blocker.
[[nodiscard]] ProbeTurn after_probe(const DestinationState& state,
                                    const std::optional<Outcome>& failure);

// Sessions that `state` may have at once: slow start up to the configured limit. One that hangs
// makes room for another.
[[nodiscard]] unsigned session_limit(const DestinationState& state,
                                     const policy::QueueConfig& queue, Time now);
// The operator does not wait until it is known that the sessions hang: one more may start.
void hurry(DestinationState& state);

// A probe finds out what a session under way may be about to tell: it waits for a trial, and for
// any session that does not hang.
[[nodiscard]] bool probe_waits(const DestinationState& state, const policy::QueueConfig& queue,
                               Time now);

// How long nothing falls due: probes, targets that expire, back-offs that end.
constexpr Duration kMaxClockworkSleep{30'000};
// What could not start now (another probe of the hop) is looked at again so much later.
constexpr Duration kClockworkTick{100};
[[nodiscard]] Duration next_due(const std::map<std::string, DestinationState>& destinations,
                                const policy::QueueConfig& queue, Time now);

}  // namespace postern::relay
