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

constexpr log::Event kSessionBroke{2002, log::Level::error, "session.broke"};
constexpr log::Event kUnreadableBlocker{2003, log::Level::error, "blocker.unreadable"};
constexpr log::Event kDeferred{2001, log::Level::info, "destination.defer"};
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

void Scheduler::Work::mail_came(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    DestinationState* state = state_of(key);
    if (state == nullptr) continue;
    state->waiting_mail = true;
    dispatch(*state);
  }
}

void Scheduler::Work::wake() {
  signal.notify();
}

// --- sessions ---

void Scheduler::Work::dispatch(DestinationState& state) {
  const Time now = context.clock.now();
  if (*stopping || !state.may_send(now)) return;
  while (!state.lingering.empty()) {  // an open session takes it
    const Lingering idle = state.lingering.back();
    state.lingering.pop_back();
    state.waiting_mail = false;
    idle.executor.post([idle] { idle.signal->notify(); });
    return;
  }
  const bool has_place = state.sessions < session_limit(state, config()->queue, now) &&
                         places.is_left(state.may_stall(false, now));
  if (has_place) start_session(state, false);
}

void Scheduler::Work::start_session(DestinationState& state, bool trial) {
  const bool stalls = state.may_stall(trial, context.clock.now());
  ++state.sessions;
  places.take(stalls);
  state.waiting_mail = false;
  DeliveryRequest request;
  request.destination = state.destination;
  if (state.exception && state.exception->until <= context.clock.now()) state.exception.reset();
  request.exception = state.exception;
  request.trial = trial;
  request.suspect = state.suspect;
  request.refused = state.refused;
  request.stopping = stopping;
  request.max_messages = config()->queue.max_messages_per_session;
  const io::Executor executor = context.runtime.next();
  auto give_back = [self = shared_from_this(), executor, key = state.key, todo = request.todo] {
    executor.post([self, key, todo] {
      if (!relay::give_back(self->context.store, key, *todo)) return;
      self->context.runtime.main().post([self, key] { self->mail_came({key}); });
    });
  };
  state.running.push_back({request.pulse, std::move(give_back)});
  wake();  // the clockwork sees whether it hangs
  executor.spawn("delivery to " + state.destination.next_hop,
                 session_task(shared_from_this(), executor, std::move(request), stalls));
}

// What sessions that hang (or all) have claimed and not begun is anybody's again.
void Scheduler::Work::take_back(const DestinationState& state, bool all) {
  const Time now = context.clock.now();
  for (const Running& one : state.running) {
    if (all || one.hangs(now)) one.give_back();
  }
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
  self->context.runtime.main().post([self, key, signal, more] {
    DestinationState* state = self->find(key);
    if (state == nullptr) return;
    const std::size_t there = std::erase_if(
        state->lingering, [&](const Lingering& other) { return other.signal == signal; });
    if (there != 0 || more) return;
    // Woken and timed out at once: the mail it was woken for is still there.
    state->waiting_mail = true;
    self->dispatch(*state);
  });
  co_return more;
}

io::Task<void> Scheduler::Work::session_task(std::shared_ptr<Work> self, io::Executor executor,
                                             DeliveryRequest request, bool stalls) {
  const std::string key = request.destination.key();
  const bool trial = request.trial;
  const std::shared_ptr<const Pulse> pulse = request.pulse;
  DeliveryHooks hooks;
  hooks.wait_for_more = [self, executor, key] { return linger(self, executor, key); };
  hooks.on_accepted = [self](std::vector<std::string> keys) {
    self->context.runtime.main().post([self, keys = std::move(keys)] { self->mail_came(keys); });
  };
  hooks.on_worked = [self, key] {
    self->context.runtime.main().post([self, key] { self->on_worked(key); });
  };
  hooks.on_deferred = [self, key](Deferral deferral) {
    self->context.runtime.main().post(
        [self, key, deferral = std::move(deferral)] { self->on_deferred(key, deferral); });
  };
  hooks.on_moved = [self] { self->context.runtime.main().post([self] { self->reroute(); }); };
  hooks.on_backlog = [self, key] {
    self->context.runtime.main().post([self, key] {
      DestinationState* state = self->find(key);
      if (state == nullptr || state->blocker) return;
      ++state->allowed;
      state->waiting_mail = true;
      self->dispatch(*state);
    });
  };
  auto report = std::make_shared<DeliveryReport>();
  try {
    *report = co_await run_delivery(self->context, executor, self->tls_sessions, std::move(request),
                                    std::move(hooks));
  } catch (const std::exception& e) {
    // The destination must not stay as if the session still ran.
    log::write(kSessionBroke, {{"destination", key}, {"error", e.what()}});
    report->failure =
        target_outcome("software-defect", std::string("internal error: ") + e.what(), false);
  }
  self->context.runtime.main().post([self, key, trial, stalls, pulse, report] {
    self->places.give_back(stalls);
    if (DestinationState* state = self->find(key))
      std::erase_if(state->running, [&](const Running& one) { return one.pulse == pulse; });
    self->on_report(key, trial, *report);
  });
}

// A partner's certificate that works today and will not soon: told as our own are.
void Scheduler::Work::watch_partner(const NextHopLook& look) {
  if (look.evidence.tls.presented.empty() || look.policy.level < verdict::Level::validate) return;
  const x509::Certificate& leaf = look.evidence.tls.presented.front();
  alerts.watch_expiry(leaf, "the certificate of " + look.target.host,
                      "Mail is held when it has expired: ask the operator of " + look.target.host +
                          " to renew it.");
}

void Scheduler::Work::on_worked(const std::string& key) {
  DestinationState* state = find(key);
  // A session of before the trouble says nothing about it.
  if (state != nullptr && !state->blocker) take_progress(*state);
}

void Scheduler::Work::on_deferred(const std::string& key, const Deferral& deferral) {
  DestinationState* state = find(key);
  if (state == nullptr) return context.store.finish(key, deferral.message);
  const bool first = !state->deferred_until;
  take_deferral(*state, deferral, config()->queue, context.clock.now(), jitter());
  if (first) wake();
}

void Scheduler::Work::on_report(const std::string& key, bool trial, DeliveryReport& report) {
  DestinationState* state = find(key);
  if (state == nullptr) return;
  const Time now = context.clock.now();
  if (report.look && report.path_worked) {
    for (const Finding& finding : findings.note(state->destination, *report.look, now))
      log::write(kFinding, {{"next_hop", state->destination.next_hop}, {"text", finding.text}});
    watch_partner(*report.look);
  }
  switch (take_report(*state, trial, report, config()->queue, now, jitter())) {
    case Turn::blocked:
      block(*state, *report.failure, *report.look);
      break;
    case Turn::cured:
      unblock(*state, kCured);
      break;
    case Turn::probed_again:
      save(*state->blocker);
      break;
    case Turn::backs_off:
      log::write(kDeferred, {{"next_hop", state->destination.next_hop},
                             {"connector", state->destination.connector},
                             {"code", report.failure->code},
                             {"retry_in", format_duration(state->backoff)},
                             {"error", report.failure->last_error}});
      break;
    case Turn::trial_to_come:
    case Turn::none:
      break;
  }
  dispatch(*state);
  wake();
}

void Scheduler::Work::release_deferred(DestinationState& state) {
  if (state.sweeping) {
    state.release_after_sweep = true;
    return;
  }
  for (const MessageId id : state.deferred) context.store.finish(state.key, id);
  state.deferred.clear();
  state.deferred_until.reset();
  state.waiting_mail = true;
}

// Asks the present configuration where everything that waits goes. One at a time; what a session
// finds astray while it runs is found again by the next one.
void Scheduler::Work::reroute() {
  if (rerouting) return;
  rerouting = true;
  const std::shared_ptr<const policy::Config> present = config();
  auto route = [present](std::string_view domain, std::string_view old) {
    const std::optional<policy::Destination> before = policy::Destination::parse(old);
    return before ? policy::route_again(*present, domain, *before).key() : std::string(old);
  };
  context.store.reroute(std::move(route), [self = shared_from_this()](const Result<void>& moved) {
    if (!moved) log::write(kStoreTrouble, {{"what", "reroute"}, {"error", moved.error().what()}});
    self->context.runtime.main().post([self] {
      self->rerouting = false;
      self->sweep_signal.notify();
    });
  });
}

// --- the clockwork ---

void Scheduler::Work::run_due(Time now) {
  for (auto& [key, state] : destinations) {
    if (is_due(state.deferred_until, now)) release_deferred(state);
    take_back(state, false);
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
  while (!*self->stopping) {
    self->run_due(self->context.clock.now());
    const Duration pause =
        next_due(self->destinations, self->config()->queue, self->context.clock.now());
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
  TRY(const auto released, work.context.store.notes(kReleasedNote));
  for (const auto& [name, value] : released) {
    const Result<Time> at = parse_rfc3339(value);
    DestinationState* state = work.state_of(name.substr(std::string_view(kReleasedNote).size()));
    if (at && state != nullptr) state->released_at = *at;
  }
  TRY(const auto blockers, work.context.store.blockers());
  for (const store::StoredBlocker& stored : blockers) {
    const Result<Json> json = parse_json(stored.json);
    Result<Blocker> read = json ? blocker_from_json(*json) : std::unexpected(json.error());
    if (!read) {  // its mail is tried at once and says anew what is wrong
      log::write(kUnreadableBlocker,
                 {{"blocker", stored.id.str()}, {"error", read.error().what()}});
      continue;
    }
    Blocker blocker = std::move(*read);
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
  *work_->stopping = true;
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
  return work_->places.taken() == 0 && work_->probing_hops.empty();
}

void Scheduler::poke(std::vector<std::string> destinations) {
  work_->context.runtime.main().post(
      [work = work_, keys = std::move(destinations)] { work->mail_came(keys); });
}

void Scheduler::snapshot_changed(bool configuration) {
  const std::shared_ptr<Work> work = work_;
  work->tls_sessions.clear();
  const Time now = work->context.clock.now();
  for (auto& [key, state] : work->destinations) {
    state.next_attempt.reset();
    state.probe_again = state.probing;
    state.refused = RefusedMail();  // by another certificate or policy, perhaps
    work->release_deferred(state);
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
  if (configuration) work->reroute();
}

std::size_t Scheduler::retry_now(const std::string& destination) {
  std::size_t count = 0;
  const Time now = work_->context.clock.now();
  for (auto& [key, state] : work_->destinations) {
    const bool chosen = destination.empty() || key == destination ||
                        state.destination.next_hop == destination ||
                        (state.blocker && iequals(state.blocker->id.str(), destination));
    if (!chosen) continue;
    if (state.holds_mail()) ++count;
    state.next_attempt.reset();
    work_->release_deferred(state);
    if (state.blocker) state.blocker->next_probe = now;
    state.probe_again = state.probe_again || state.probing;
    hurry(state);
    work_->take_back(state, true);
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

std::optional<std::string> Scheduler::destination_of_blocker(const std::string& text) const {
  for (const auto& [key, state] : work_->destinations) {
    if (state.blocker && (key == text || state.destination.next_hop == text ||
                          iequals(state.blocker->id.str(), text)))
      return key;
  }
  return std::nullopt;
}

std::vector<Claim> Scheduler::withdraw(const std::vector<Claim>& wanted) {
  std::vector<Claim> out;
  for (const Claim& claim : wanted) {
    DestinationState* state = work_->find(claim.destination);
    // A sweep has what is aside in its hands, for a moment.
    if (state == nullptr || state->sweeping) continue;
    if (std::erase(state->deferred, claim.message) != 0) out.push_back(claim);
  }
  return out;
}

std::size_t Scheduler::blockers() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      work_->destinations, [](const auto& entry) { return entry.second.blocker.has_value(); }));
}

}  // namespace postern::relay
