#include "relay/turn.h"

#include <algorithm>

namespace postern::relay {
namespace {

// Messages that wait for a reason of their own: the destination's next turn is theirs.
void set_aside(DestinationState& state, const DeliveryReport& report,
               const policy::QueueConfig& queue, Time now, double jitter) {
  if (report.deferred.empty()) return;
  state.deferred.insert(state.deferred.end(), report.deferred.begin(), report.deferred.end());
  if (!state.deferred_until) {
    state.deferred_backoff = DestinationState::next_backoff(state.deferred_backoff, queue.retry_min,
                                                            queue.retry_max, jitter);
    state.deferred_until = now + state.deferred_backoff;
  }
  state.last_error = report.last_error;
}

Turn take_failure(DestinationState& state, bool trial, const DeliveryReport& report,
                  const policy::QueueConfig& queue, Time now, double jitter) {
  const Outcome& failure = *report.failure;
  state.waiting_mail = true;
  // A session of before the trouble says nothing about it; probes and trials do.
  if (state.blocker && !trial) return Turn::none;
  state.allowed = 1;
  state.last_error = failure.last_error;
  state.last_code = failure.code;
  if (failure.kind == Kind::blocked && report.look) return Turn::blocked;
  if (state.blocker) {
    state.blocker->trial = false;
    postpone_blocker(*state.blocker, failure.last_error, queue, now, jitter);
    return Turn::probed_again;
  }
  // A server that closes after some messages, as many do, is asked again at once: it made progress.
  if (report.delivered > 0 && failure.kind == Kind::temporary && failure.scope == Scope::session)
    return Turn::none;
  const Duration previous = report.path_worked ? Duration::zero() : state.backoff;
  state.backoff =
      DestinationState::next_backoff(previous, queue.retry_min, queue.retry_max, jitter);
  state.next_attempt = now + state.backoff;
  return Turn::backs_off;
}

Turn take_success(DestinationState& state, bool trial, const DeliveryReport& report, Time now) {
  state.backoff = Duration::zero();
  state.next_attempt.reset();
  if (state.deferred.empty()) {
    state.last_error.clear();
    state.last_code = "none";
    state.deferred_backoff = Duration::zero();
  }
  // Only the trial proves a cure: another session may have begun before the trouble.
  if (!state.blocker || !trial) return Turn::none;
  state.allowed = 1;
  if (report.path_worked || !report.more) return Turn::cured;
  state.blocker->next_probe = now;
  return Turn::trial_to_come;
}

}  // namespace

Turn take_report(DestinationState& state, bool trial, const DeliveryReport& report,
                 const policy::QueueConfig& queue, Time now, double jitter) {
  --state.sessions;
  state.last_used = now;
  if (report.more) state.waiting_mail = true;
  set_aside(state, report, queue, now, jitter);
  if (report.culprit) {
    state.suspect = report.culprit;
  } else if (!report.failure) {
    state.suspect.reset();
  }
  if (report.failure) return take_failure(state, trial, report, queue, now, jitter);
  const bool did_something = report.path_worked || report.messages > 0 || trial;
  return did_something ? take_success(state, trial, report, now) : Turn::none;
}

ProbeTurn after_probe(const DestinationState& state, const std::optional<Outcome>& failure) {
  if (state.probe_again || state.sweeping) return ProbeTurn::repeat;
  if (!failure || failure->kind == Kind::permanent) return ProbeTurn::trial;
  return failure->kind == Kind::blocked ? ProbeTurn::blocked : ProbeTurn::put_off;
}

unsigned session_limit(const DestinationState& state, const policy::QueueConfig& queue) {
  return std::min(std::max(state.allowed, 1U), queue.max_sessions_per_destination);
}

Duration next_due(const std::map<std::string, DestinationState>& destinations, Time now) {
  Time due = now + kMaxClockworkSleep;
  for (const auto& [key, state] : destinations) {
    if (state.deferred_until) due = std::min(due, *state.deferred_until);
    if (state.blocker) {
      if (!state.probing && state.sessions == 0) due = std::min(due, state.blocker->next_probe);
      due = std::min(due, state.blocker->targets_expire);
    } else if (state.next_attempt && state.waiting_mail) {
      due = std::min(due, *state.next_attempt);
    }
  }
  return std::max(due - now, kClockworkTick);
}

}  // namespace postern::relay
