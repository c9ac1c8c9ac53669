#include "relay/scheduler.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "relay/scheduler_work.h"
#include "verdict/catalog.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLinger = 2s;  // an idle session waits that long for more before QUIT
constexpr Duration kMaxClockworkSleep = 30s;
constexpr Duration kMinTargetsTtl = 5s;  // a TTL of 0 is no reason to ask without end
constexpr Duration kDefaultTargetsTtl = 1min;
constexpr std::size_t kMaxSessions = 200;  // sending, over all destinations

constexpr log::Event kDeferred{2001, log::Level::info, "destination.defer"};
constexpr log::Event kBlockerStart{2010, log::Level::warning, "blocker.start"};
constexpr log::Event kBlockerChange{2011, log::Level::warning, "blocker.change"};
constexpr log::Event kBlockerEnd{2012, log::Level::info, "blocker.end"};
constexpr log::Event kFinding{2013, log::Level::warning, "host.broken"};
constexpr log::Event kStoreTrouble{1101, log::Level::error, "store.failed"};

std::string exception_note(const std::string& key) {
  return "exception:" + key;
}

bool is_due(const std::optional<Time>& at, Time now) {
  return at && *at <= now;
}

}  // namespace

Scheduler::Work::Work(Context& context_in, Alerts& alerts_in)
    : context(context_in),
      alerts(alerts_in),
      signal(context_in.runtime.main()),
      sweep_signal(context_in.runtime.main()) {}

DestinationState* Scheduler::Work::find(const std::string& key) {
  const auto found = destinations.find(key);
  return found == destinations.end() ? nullptr : &found->second;
}

DestinationState* Scheduler::Work::state_of(const std::string& key) {
  if (DestinationState* known = find(key)) return known;
  const std::optional<policy::Destination> parsed = policy::Destination::parse(key);
  if (!parsed) return nullptr;
  DestinationState& state = destinations[key];
  state.destination = *parsed;
  state.key = key;
  return &state;
}

void Scheduler::Work::wake() {
  signal.notify();
}

// --- sessions ---

void Scheduler::Work::dispatch(DestinationState& state) {
  const Time now = context.clock.now();
  if (stopping || !state.may_send(now)) return;
  while (!state.lingering.empty()) {  // an open session takes it
    const Lingering idle = state.lingering.back();
    state.lingering.pop_back();
    state.waiting_mail = false;
    idle.executor.post([idle] { idle.signal->notify(); });
    return;
  }
  const unsigned limit =
      std::min(std::max(state.allowed, 1U), config()->queue.max_sessions_per_destination);
  if (state.sessions < limit && sessions < kMaxSessions) start_session(state, false);
}

void Scheduler::Work::start_session(DestinationState& state, bool trial) {
  ++state.sessions;
  ++sessions;
  state.waiting_mail = false;
  DeliveryRequest request;
  request.destination = state.destination;
  request.exception = state.exception;
  request.trial = trial;
  request.max_messages = config()->queue.max_messages_per_session;
  const io::Executor executor = context.runtime.next();
  executor.spawn("delivery to " + state.destination.next_hop,
                 session_task(shared_from_this(), executor, std::move(request)));
}

// Waits on the session's loop for a poke; the signal is known to the scheduler meanwhile.
io::Task<bool> Scheduler::Work::linger(std::shared_ptr<Work> self, io::Executor executor,
                                       std::string key) {
  auto signal = std::make_shared<io::Signal>(executor);
  const Lingering entry{executor, signal};
  self->context.runtime.main().post([self, key, entry] {
    DestinationState* state = self->find(key);
    if (state == nullptr) return;
    state->lingering.push_back(entry);
    self->dispatch(*state);  // mail that came between the last claim and now
  });
  const bool more = co_await signal->wait(kLinger);
  self->context.runtime.main().post([self, key, signal] {
    if (DestinationState* state = self->find(key)) {
      std::erase_if(state->lingering,
                    [&](const Lingering& other) { return other.signal == signal; });
    }
  });
  co_return more;
}

io::Task<void> Scheduler::Work::session_task(std::shared_ptr<Work> self, io::Executor executor,
                                             DeliveryRequest request) {
  const std::string key = request.destination.key();
  const bool trial = request.trial;
  DeliveryHooks hooks;
  hooks.wait_for_more = [self, executor, key] { return linger(self, executor, key); };
  hooks.on_accepted = [self](std::vector<std::string> keys) {
    self->context.runtime.main().post([self, keys = std::move(keys)] {
      for (const std::string& accepted : keys) {
        if (DestinationState* state = self->state_of(accepted)) {
          state->waiting_mail = true;
          self->dispatch(*state);
        }
      }
    });
  };
  hooks.on_backlog = [self, key] {
    self->context.runtime.main().post([self, key] {
      DestinationState* state = self->find(key);
      if (state == nullptr || state->blocker) return;
      ++state->allowed;
      state->waiting_mail = true;
      self->dispatch(*state);
    });
  };
  DeliveryReport result = co_await run_delivery(self->context, executor, self->tls_sessions,
                                                std::move(request), std::move(hooks));
  auto report = std::make_shared<DeliveryReport>(std::move(result));
  self->context.runtime.main().post(
      [self, key, trial, report] { self->on_report(key, trial, *report); });
}

void Scheduler::Work::on_report(const std::string& key, bool trial, DeliveryReport& report) {
  DestinationState* state = find(key);
  if (state == nullptr) return;
  --state->sessions;
  --sessions;
  const Time now = context.clock.now();
  state->last_used = now;
  if (report.more) state->waiting_mail = true;
  if (report.look && report.path_worked) {
    for (const std::string& finding : report.look->findings) {
      if (std::ranges::find(state->findings, finding) == state->findings.end()) {
        log::write(kFinding, {{"next_hop", state->destination.next_hop}, {"text", finding}});
      }
    }
    state->findings = report.look->findings;
  }
  if (!report.deferred.empty()) {
    state->deferred.insert(state->deferred.end(), report.deferred.begin(), report.deferred.end());
    if (!state->deferred_until) {
      const policy::QueueConfig& queue = config()->queue;
      state->deferred_backoff = DestinationState::next_backoff(
          state->deferred_backoff, queue.retry_min, queue.retry_max, jitter());
      state->deferred_until = now + state->deferred_backoff;
    }
    state->last_error = report.last_error;
  }
  if (report.failure) {
    on_failure(*state, report);
  } else if (report.path_worked || report.messages > 0 || trial) {
    state->backoff = Duration::zero();
    state->next_attempt.reset();
    if (state->deferred.empty()) {
      state->last_error.clear();
      state->last_code = "none";
      state->deferred_backoff = Duration::zero();
    }
    if (state->blocker) {
      state->allowed = 1;
      unblock(*state, "cured");
    }
  }
  dispatch(*state);
  wake();
}

void Scheduler::Work::on_failure(DestinationState& state, const DeliveryReport& report) {
  const Outcome& failure = *report.failure;
  const Time now = context.clock.now();
  const policy::QueueConfig& queue = config()->queue;
  state.waiting_mail = true;
  state.allowed = 1;
  state.last_error = failure.last_error;
  state.last_code = failure.code;
  if (failure.kind == Kind::blocked && report.look) {
    block(state, failure, *report.look);
    return;
  }
  if (state.blocker) {  // the trial failed for an ordinary reason: the blocker stays and is probed
                        // on
    state.blocker->trial = false;
    postpone_blocker(*state.blocker, failure.last_error, queue, now, jitter());
    save(*state.blocker);
    return;
  }
  const Duration previous = report.path_worked ? Duration::zero() : state.backoff;
  state.backoff =
      DestinationState::next_backoff(previous, queue.retry_min, queue.retry_max, jitter());
  state.next_attempt = now + state.backoff;
  log::write(kDeferred, {{"next_hop", state.destination.next_hop},
                         {"connector", state.destination.connector},
                         {"code", failure.code},
                         {"retry_in", format_duration(state.backoff)},
                         {"error", failure.last_error}});
}

void Scheduler::Work::release_deferred(DestinationState& state) {
  for (const MessageId id : state.deferred) context.store.finish(state.key, id);
  state.deferred.clear();
  state.deferred_until.reset();
  state.waiting_mail = true;
}

// --- blockers ---

void Scheduler::Work::save(const Blocker& blocker) {
  store::Batch batch;
  batch.save_blockers.push_back(
      {blocker.id, blocker.destination.key(), dump_json(to_json(blocker))});
  context.store.apply(std::move(batch), [](const Result<void>& stored) {
    if (!stored) log::write(kStoreTrouble, {{"what", "blocker"}, {"error", stored.error().what()}});
  });
}

void Scheduler::Work::alert(const Blocker& blocker, std::string kind, std::string_view words) {
  Alert alert;
  alert.kind = std::move(kind);
  alert.subject = "mail to " + blocker.destination.next_hop + " " + std::string(words) + ": " +
                  blocker.verdict.code;
  alert.text = blocker.verdict.cause;
  for (const std::string& step : blocker.verdict.cure) alert.text += "\n- " + step;
  alert.key = blocker.id.str() + ":" + blocker.verdict.code;
  alert.destination = blocker.destination.key();
  alert.json = dump_json(blocker_view(blocker, 0));
  alerts.raise(std::move(alert));
}

void Scheduler::Work::block(DestinationState& state, const Outcome& failure,
                            const NextHopLook& look) {
  const Time now = context.clock.now();
  const policy::QueueConfig& queue = config()->queue;
  if (!state.blocker) {
    state.blocker = start_blocker(state.destination, look.verdict, failure.last_error, queue, now);
    log::write(kBlockerStart, {{"blocker", state.blocker->id.str()},
                               {"next_hop", state.destination.next_hop},
                               {"connector", state.destination.connector},
                               {"code", look.verdict.code},
                               {"fault", std::string(verdict::to_string(look.verdict.fault))},
                               {"cause", look.verdict.cause}});
    alert(*state.blocker, "blocker.start", "waits");
    state.blocker->alerted = true;
  } else {
    state.blocker->trial = false;
    if (update_blocker(*state.blocker, look.verdict, failure.last_error, queue, now, jitter())) {
      log::write(kBlockerChange, {{"blocker", state.blocker->id.str()},
                                  {"next_hop", state.destination.next_hop},
                                  {"code", look.verdict.code},
                                  {"cause", look.verdict.cause}});
      alert(*state.blocker, "blocker.change", "still waits, for another cause");
    }
  }
  Blocker& blocker = *state.blocker;
  blocker.findings = look.findings;
  blocker.targets = look.targets;
  blocker.targets_expire =
      now + std::max(look.ttl == Duration::zero() ? kDefaultTargetsTtl : look.ttl, kMinTargetsTtl);
  save(blocker);
  sweep_signal.notify();
  wake();
}

void Scheduler::Work::unblock(DestinationState& state, std::string_view why) {
  const Blocker blocker = std::move(*state.blocker);
  state.blocker.reset();
  state.waiting_mail = true;
  state.last_error.clear();
  state.last_code = "none";
  store::Batch batch;
  batch.remove_blockers.push_back(blocker.id);
  context.store.apply(std::move(batch), [](const Result<void>& stored) {
    if (!stored) log::write(kStoreTrouble, {{"what", "blocker"}, {"error", stored.error().what()}});
  });
  log::write(kBlockerEnd, {{"blocker", blocker.id.str()},
                           {"next_hop", state.destination.next_hop},
                           {"code", blocker.verdict.code},
                           {"why", std::string(why)},
                           {"after", format_duration(context.clock.now() - blocker.since)}});
  alert(blocker, "blocker.end", "flows again");
}

void Scheduler::Work::start_probe(DestinationState& state) {
  if (stopping || state.probing || state.sessions != 0) return;
  if (!probing_hops.insert(state.destination.next_hop).second)
    return;  // another policy's probe is under way: next tick
  state.probing = true;
  state.probe_again = false;
  const io::Executor executor = context.runtime.next();
  executor.spawn("probe of " + state.destination.next_hop,
                 probe_task(shared_from_this(), executor, state.destination, state.exception));
}

io::Task<void> Scheduler::Work::probe_task(std::shared_ptr<Work> self, io::Executor executor,
                                           policy::Destination destination,
                                           std::optional<verdict::PolicyException> exception) {
  const std::string key = destination.key();
  NextHopLook found = co_await run_probe(self->context, executor, self->tls_sessions,
                                         std::move(destination), std::move(exception));
  auto look = std::make_shared<NextHopLook>(std::move(found));
  self->context.runtime.main().post([self, key, look] { self->on_probe(key, *look); });
}

void Scheduler::Work::on_probe(const std::string& key, NextHopLook& look) {
  DestinationState* state = find(key);
  if (state == nullptr) return;
  state->probing = false;
  probing_hops.erase(state->destination.next_hop);
  wake();
  if (!state->blocker) return;
  Blocker& blocker = *state->blocker;
  const Time now = context.clock.now();
  if (state->probe_again) {  // something changed while it ran: what it saw may be old
    blocker.next_probe = now;
    return;
  }
  const bool for_good = look.failure && look.failure->kind == Kind::permanent;
  if (!look.failure || for_good) {
    blocker.trial = true;
    start_session(*state, true);
    return;
  }
  if (look.failure->kind == Kind::blocked) {
    block(*state, *look.failure, look);
    return;
  }
  // Refused, timed out, 4xx: ordinary trouble on top; the cause that is known stays the code.
  postpone_blocker(blocker, look.failure->last_error, config()->queue, now, jitter());
  save(blocker);
}

io::Task<void> Scheduler::Work::targets_task(std::shared_ptr<Work> self, std::string key) {
  DestinationState* state = self->find(key);
  if (state == nullptr) co_return;
  std::shared_ptr<const Snapshot> snapshot = self->context.snapshot();
  policy::Destination destination = state->destination;
  const std::pair<std::string, Duration> answer =
      co_await list_targets(self->context, std::move(snapshot), std::move(destination));
  self->on_targets(key, answer.first, answer.second);
}

void Scheduler::Work::on_targets(const std::string& key, const std::string& targets, Duration ttl) {
  DestinationState* state = find(key);
  if (state == nullptr || !state->blocker) return;
  Blocker& blocker = *state->blocker;
  const Time now = context.clock.now();
  blocker.targets_expire =
      now + std::max(ttl == Duration::zero() ? kDefaultTargetsTtl : ttl, kMinTargetsTtl);
  if (targets == blocker.targets) return;
  blocker.targets = targets;
  blocker.next_probe = now;
  wake();
}

// --- the clockwork ---

Duration Scheduler::Work::next_due(Time now) const {
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
  constexpr Duration kTick =
      100ms;  // what could not start now (another probe of the hop) is looked at again
  return std::max(due - now, kTick);
}

void Scheduler::Work::run_due(Time now) {
  for (auto& [key, state] : destinations) {
    if (is_due(state.deferred_until, now)) release_deferred(state);
    if (state.blocker) {
      if (state.blocker->targets_expire <= now) {
        state.blocker->targets_expire = now + kDefaultTargetsTtl;
        context.runtime.main().spawn("targets of " + state.destination.next_hop,
                                     targets_task(shared_from_this(), key));
      }
      if (state.blocker->next_probe <= now) start_probe(state);
    } else {
      if (is_due(state.next_attempt, now)) state.next_attempt.reset();
      dispatch(state);
    }
  }
}

io::Task<void> Scheduler::Work::clockwork(std::shared_ptr<Work> self) {
  while (!self->stopping) {
    self->run_due(self->context.clock.now());
    const Duration pause = self->next_due(self->context.clock.now());
    const bool woken = co_await self->signal.wait(pause);
    (void)woken;
  }
}

// --- the public face ---

Scheduler::Scheduler(Context& context, Alerts& alerts)
    : work_(std::make_shared<Work>(context, alerts)) {}
Scheduler::~Scheduler() = default;

Result<void> Scheduler::load() {
  Work& work = *work_;
  TRY(const auto notes, work.context.store.notes("exception:"));
  for (const auto& [name, value] : notes) {
    const Result<Json> json = parse_json(value);
    DestinationState* state = work.state_of(name.substr(exception_note("").size()));
    if (!json || state == nullptr) continue;
    verdict::PolicyException exception;
    exception.accept = json->value("accept", "");
    exception.by = json->value("by", "");
    exception.why = json->value("why", "");
    const Result<Time> until = parse_rfc3339(json->value("until", ""));
    if (!until || *until <= work.context.clock.now()) continue;
    exception.until = *until;
    state->exception = exception;
  }
  TRY(const auto blockers, work.context.store.blockers());
  for (const store::StoredBlocker& stored : blockers) {
    TRY(const Json json, parse_json(stored.json));
    TRY(Blocker blocker, blocker_from_json(json));
    DestinationState* state = work.state_of(stored.destination);
    if (state == nullptr) continue;
    blocker.next_probe = work.context.clock.now();  // the cure may have come while we were away
    blocker.trial = false;
    state->blocker = std::move(blocker);
  }
  TRY(const auto counts, work.context.store.destinations());
  for (const store::DestinationCount& count : counts) {
    if (DestinationState* state = work.state_of(count.destination))
      state->waiting_mail = count.pending > 0;
  }
  return {};
}

void Scheduler::run() {
  work_->context.runtime.main().spawn("scheduler", Work::clockwork(work_));
  work_->context.runtime.main().spawn("sweeps", Work::sweeps(work_));
}

void Scheduler::shutdown() {
  work_->stopping = true;
  work_->wake();
  work_->sweep_signal.notify();
  for (auto& [key, state] : work_->destinations) {
    for (const Lingering& idle : state.lingering) {
      idle.executor.post([idle] { idle.signal->notify(); });
    }
    state.lingering.clear();
  }
}

bool Scheduler::idle() const {
  return work_->sessions == 0 && work_->probing_hops.empty();
}

void Scheduler::poke(std::vector<std::string> destinations) {
  work_->context.runtime.main().post([work = work_, keys = std::move(destinations)] {
    for (const std::string& key : keys) {
      DestinationState* state = work->state_of(key);
      if (state == nullptr) continue;
      state->waiting_mail = true;
      work->dispatch(*state);
    }
  });
}

void Scheduler::snapshot_changed(bool configuration) {
  const std::shared_ptr<Work> work = work_;
  work->tls_sessions.clear();
  const Time now = work->context.clock.now();
  for (auto& [key, state] : work->destinations) {
    state.next_attempt.reset();
    state.probe_again = state.probing;
    if (state.blocker) {
      state.blocker->next_probe = now;
      state.blocker->interval = Duration::zero();
    }
    for (const Lingering& idle : state.lingering) {  // they hold the old policy: let them end
      idle.executor.post([idle] { idle.signal->notify(); });
    }
    state.lingering.clear();
  }
  work->wake();
  if (!configuration) return;
  const std::shared_ptr<const policy::Config> config = work->config();
  auto route = [config](std::string_view domain, std::string_view old) {
    const Result<policy::Destination> found = policy::route(*config, domain);
    return found ? found->key() : std::string(old);
  };
  work->context.store.reroute(std::move(route), [work](const Result<void>& moved) {
    if (!moved) log::write(kStoreTrouble, {{"what", "reroute"}, {"error", moved.error().what()}});
    work->context.runtime.main().post([work] { work->sweep_signal.notify(); });
  });
}

std::size_t Scheduler::retry_now(const std::string& destination) {
  std::size_t count = 0;
  const Time now = work_->context.clock.now();
  for (auto& [key, state] : work_->destinations) {
    const bool chosen = destination.empty() || key == destination ||
                        state.destination.next_hop == destination ||
                        (state.blocker && iequals(state.blocker->id.str(), destination));
    if (!chosen) continue;
    ++count;
    state.next_attempt.reset();
    work_->release_deferred(state);
    if (state.blocker) state.blocker->next_probe = now;
    work_->dispatch(state);
  }
  work_->wake();
  return count;
}

void Scheduler::add_exception(OperatorException exception) {
  DestinationState* state = work_->state_of(exception.destination);
  if (state == nullptr) return;
  state->exception = exception.exception;
  Json json = Json::object();
  json["accept"] = exception.exception.accept;
  json["until"] = format_rfc3339(exception.exception.until);
  json["by"] = exception.exception.by;
  json["why"] = exception.exception.why;
  store::Batch batch;
  batch.notes.emplace_back(exception_note(exception.destination), dump_json(json));
  work_->context.store.apply(std::move(batch), [](const Result<void>& stored) {
    if (!stored)
      log::write(kStoreTrouble, {{"what", "exception"}, {"error", stored.error().what()}});
  });
  retry_now(exception.destination);
}

std::size_t Scheduler::blockers() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      work_->destinations, [](const auto& entry) { return entry.second.blocker.has_value(); }));
}

Json Scheduler::destination_view(const std::string& key) const {
  Json out = Json::object();
  const DestinationState* state = work_->find(key);
  if (state == nullptr) {
    out["state"] = "idle";
    return out;
  }
  if (state->blocker) {
    out["state"] = "blocked";
    out["blocker"] = blocker_view(*state->blocker, 0);
    out["code"] = state->blocker->verdict.code;
    out["last_error"] = state->blocker->last_error;
    out["next_attempt"] = format_rfc3339(state->blocker->next_probe);
    return out;
  }
  const std::optional<Time> next =
      state->next_attempt ? state->next_attempt : state->deferred_until;
  out["state"] = state->sessions > 0 ? "active" : next ? "deferred" : "idle";
  out["code"] = state->last_code;
  out["last_error"] = state->last_error;
  out["next_attempt"] = next ? Json(format_rfc3339(*next)) : Json(nullptr);
  return out;
}

Json Scheduler::view(const std::vector<store::DestinationCount>& counts) const {
  Json blockers = Json::array();
  Json rows = Json::array();
  for (const store::DestinationCount& count : counts) {
    const DestinationState* state = work_->find(count.destination);
    if (state != nullptr && state->blocker) {
      blockers.push_back(blocker_view(*state->blocker, count.messages));
      continue;
    }
    const std::optional<policy::Destination> destination =
        policy::Destination::parse(count.destination);
    if (!destination) continue;
    const bool waits = state != nullptr && state->next_attempt.has_value();
    const std::uint64_t aside = state == nullptr ? 0 : state->deferred.size();
    Json row = Json::object();
    row["next_hop"] = destination->next_hop;
    row["queued"] = waits ? 0 : count.pending - std::min(count.pending, aside);
    row["deferred"] = waits ? count.pending : aside;
    row["last_error"] =
        state == nullptr || state->last_error.empty() ? Json(nullptr) : Json(state->last_error);
    const Json present = destination_view(count.destination);
    row["next_attempt"] = present.value("next_attempt", Json(nullptr));
    row["connector"] = destination->connector;
    row["policy"] = destination->policy;
    row["key"] = count.destination;
    row["code"] = state == nullptr ? "none" : state->last_code;
    row["messages"] = count.messages;
    row["held"] = count.held;
    row["oldest"] = format_rfc3339(count.oldest);
    if (state != nullptr && !state->findings.empty()) row["findings"] = state->findings;
    rows.push_back(std::move(row));
  }
  Json out = Json::object();
  out["blockers"] = std::move(blockers);
  out["destinations"] = std::move(rows);
  return out;
}

}  // namespace postern::relay
