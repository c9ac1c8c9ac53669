#include "relay/turn.h"

#include <algorithm>

namespace postern::relay {
namespace {

// Notes what a session heard of refused mail. True: of a sender who was not refused before.
bool note_refusals(DestinationState& state, const DeliveryReport& report) {
  const std::size_t before = state.refused.senders();
  for (const Heard& heard : report.heard) state.refused.note(heard);
  return state.refused.senders() > before;
}

// When a session that is at work now will have to be taken for one that hangs.
std::optional<Time> next_stuck(const DestinationState& state, Time now) {
  std::optional<Time> out;
  for (const Running& one : state.running) {
    const Time at = one.pulse->since().value_or(now) + kStuckAfter;
    if (at > now) out = std::min(out.value_or(at), at);
  }
  return out;
}

Turn take_failure(DestinationState& state, bool trial, const DeliveryReport& report,
                  const policy::QueueConfig& queue, Time now, double jitter, bool new_sender) {
  const Outcome& failure = *report.failure;
  state.waiting_mail = true;
  // A session of before the trouble says nothing about it; probes and trials do.
  if (state.blocker && !trial) return Turn::none;
  state.allowed = 1;
  state.last_error = failure.last_error;
  state.last_code = failure.code;
  if (failure.kind == Kind::blocked && report.look) {
    if (state.blocker && new_sender && state.refused.senders() <= kQuickTrials)
      state.blocker->interval = Duration::zero();
    return Turn::blocked;
  }
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
  take_progress(state);
  if (state.deferred.empty()) state.deferred_backoff = Duration::zero();
  // Only the trial proves a cure: another session may have begun before the trouble.
  if (!state.blocker || !trial) return Turn::none;
  state.allowed = 1;
  if (report.path_worked || !report.more) return Turn::cured;
  state.blocker->trial = false;
  state.blocker->next_probe = now;
  return Turn::trial_to_come;
}

}  // namespace

Turn take_report(DestinationState& state, bool trial, const DeliveryReport& report,
                 const policy::QueueConfig& queue, Time now, double jitter) {
  --state.sessions;
  state.last_used = now;
  if (report.more) state.waiting_mail = true;
  const bool new_sender = note_refusals(state, report);
  if (report.culprit) {
    state.suspect = report.culprit;
  } else if (!report.failure) {
    state.suspect.reset();
  }
  if (report.failure) return take_failure(state, trial, report, queue, now, jitter, new_sender);
  const bool did_something = report.path_worked || report.messages > 0 || trial;
  return did_something ? take_success(state, trial, report, now) : Turn::none;
}

void take_deferral(DestinationState& state, const Deferral& deferral,
                   const policy::QueueConfig& queue, Time now, double jitter) {
  state.deferred.push_back(deferral.message);
  if (!state.deferred_until) {
    state.deferred_backoff = DestinationState::next_backoff(state.deferred_backoff, queue.retry_min,
                                                            queue.retry_max, jitter);
    state.deferred_until = now + state.deferred_backoff;
  }
  if (deferral.last_error.empty()) return;
  state.last_error = deferral.last_error;
  state.last_code = deferral.code;
}

void take_progress(DestinationState& state) {
  state.backoff = Duration::zero();
  state.next_attempt.reset();
  if (!state.deferred.empty()) return;  // they still wait for what is said there
  state.last_error.clear();
  state.last_code = "none";
}

ProbeTurn after_probe(const DestinationState& state, const std::optional<Outcome>& failure) {
  if (state.probe_again || state.sweeping) return ProbeTurn::repeat;
  if (!failure || failure->kind == Kind::permanent) return ProbeTurn::trial;
  return failure->kind == Kind::blocked ? ProbeTurn::blocked : ProbeTurn::put_off;
}

unsigned session_limit(const DestinationState& state, const policy::QueueConfig& queue, Time now) {
  return std::min(std::max(state.allowed, 1U) + state.stuck(now),
                  queue.max_sessions_per_destination);
}

void hurry(DestinationState& state) {
  if (!state.blocker) state.allowed = std::max(state.allowed, state.sessions + 1);
}

bool probe_waits(const DestinationState& state, const policy::QueueConfig& queue, Time now) {
  return state.blocker->trial || state.sessions > state.stuck(now) ||
         state.sessions >= queue.max_sessions_per_destination;
}

Duration next_due(const std::map<std::string, DestinationState>& destinations,
                  const policy::QueueConfig& queue, Time now) {
  Time due = now + kMaxClockworkSleep;
  for (const auto& [key, state] : destinations) {
    if (state.deferred_until) due = std::min(due, *state.deferred_until);
    if (state.blocker) {
      if (!state.probing && !probe_waits(state, queue, now))
        due = std::min(due, state.blocker->next_probe);
      due = std::min(due, state.blocker->targets_expire);
    } else if (state.next_attempt && state.waiting_mail) {
      due = std::min(due, *state.next_attempt);
    }
    due = std::min(due, next_stuck(state, now).value_or(due));
  }
  return std::max(due - now, kClockworkTick);
}

}  // namespace postern::relay
