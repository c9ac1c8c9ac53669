// The scheduler's blockers: their start, probes, changes and end.
#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "relay/scheduler_work.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWaitForPlace = 1s;   // for a trial when all sessions are taken
constexpr std::size_t kMaxProbes = 100;  // at once; the others have their turn when one has ended
constexpr Duration kMinTargetsTtl = 5s;  // a TTL of 0 is no reason to ask without end

constexpr std::string_view kEndKind = "blocker.end";

constexpr log::Event kBlockerStart{2010, log::Level::warning, "blocker.start"};
constexpr log::Event kBlockerChange{2011, log::Level::warning, "blocker.change"};
constexpr log::Event kBlockerEnd{2012, log::Level::info, "blocker.end"};
constexpr log::Event kStoreTrouble{1101, log::Level::error, "store.failed"};

// A resolver's cache counts whole seconds: asked on the stroke of the TTL it still gives the old
// answer.
constexpr Duration kTtlSlack = 1s;

Time targets_expiry(Time now, Duration ttl) {
  return now + std::max(ttl == Duration::zero() ? kDefaultTargetsTtl : ttl, kMinTargetsTtl) +
         kTtlSlack;
}

}  // namespace

void Scheduler::Work::save(const Blocker& blocker) {
  store::Batch batch;
  batch.save_blockers.push_back(
      {blocker.id, blocker.destination.key(), dump_json(to_json(blocker))});
  context.store.apply(std::move(batch), [](const Result<void>& stored) {
    if (!stored) log::write(kStoreTrouble, {{"what", "blocker"}, {"error", stored.error().what()}});
  });
}

void Scheduler::Work::alert(const Blocker& blocker, std::string kind, std::string_view words) {
  context.runtime.main().spawn(
      "alert of a blocker",
      alert_task(shared_from_this(), blocker, std::move(kind), std::string(words)));
}

// Counts first what waits.
io::Task<void> Scheduler::Work::alert_task(std::shared_ptr<Work> self, Blocker blocker,
                                           std::string kind, std::string words) {
  store::Store* const store = &self->context.store;
  const std::string key = blocker.destination.key();
  auto count = [store, key]() -> std::uint64_t {
    const Result<std::vector<store::DestinationCount>> counts = store->destinations();
    if (!counts) return 0;
    const auto row = std::ranges::find(*counts, key, &store::DestinationCount::destination);
    return row == counts->end() ? 0 : row->messages;
  };
  const std::uint64_t messages = co_await io::run_blocking(self->context.runtime, count);
  Alert alert;
  alert.kind = std::move(kind);
  alert.subject =
      "mail to " + blocker.destination.next_hop + " " + words + ": " + blocker.verdict.code;
  alert.text = blocker.verdict.cause;
  if (alert.kind != kEndKind) {  // steps read as things still to be done
    for (const std::string& step : blocker.verdict.cure) alert.text += "\n- " + step;
  }
  alert.key = blocker.id.str() + ":" + blocker.verdict.code;
  alert.destination = blocker.destination.key();
  alert.json = dump_json(blocker_view(blocker, messages));
  self->alerts.raise(std::move(alert));
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
  blocker.findings.clear();
  for (const Finding& finding : look.findings) blocker.findings.push_back(finding.text);
  blocker.targets = look.targets;
  // A probe sees the cached answer with what is left of its TTL: it must not put off the question
  // that is due when the answer runs out.
  const Time expiry = targets_expiry(now, look.ttl);
  blocker.targets_expire =
      blocker.targets_expire > now ? std::min(blocker.targets_expire, expiry) : expiry;
  save(blocker);
  sweep_signal.notify();
  wake();
}

void Scheduler::Work::unblock(DestinationState& state, std::string_view why) {
  const Blocker blocker = std::move(*state.blocker);
  const bool by_exception = state.exception && state.exception->until > context.clock.now() &&
                            state.exception->accept == blocker.verdict.code;
  state.blocker.reset();
  state.waiting_mail = true;
  if (state.deferred.empty()) {  // the trial may have been refused for a reason of its own
    state.last_error.clear();
    state.last_code = "none";
  }
  state.released_at = context.clock.now();
  store::Batch batch;
  batch.remove_blockers.push_back(blocker.id);
  batch.notes.emplace_back(kReleasedNote + state.key, format_rfc3339(*state.released_at));
  context.store.apply(std::move(batch), [](const Result<void>& stored) {
    if (!stored) log::write(kStoreTrouble, {{"what", "blocker"}, {"error", stored.error().what()}});
  });
  log::write(kBlockerEnd, {{"blocker", blocker.id.str()},
                           {"next_hop", state.destination.next_hop},
                           {"code", blocker.verdict.code},
                           {"why", by_exception ? "exception" : std::string(why)},
                           {"after", format_duration(context.clock.now() - blocker.since)}});
  std::string words = "flows again";
  if (by_exception) {
    words = "flows under an exception by " + state.exception->by + " until " +
            format_rfc3339(state.exception->until);
  } else if (why != kCured) {
    words = "is held no longer (" + std::string(why) + ")";
  }
  alert(blocker, std::string(kEndKind), words);
}

void Scheduler::Work::start_probe(DestinationState& state) {
  if (probing_hops.size() >= kMaxProbes) return;
  if (*stopping || state.probing || probe_waits(state, config()->queue, context.clock.now()))
    return;
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
  auto look = std::make_shared<NextHopLook>();
  try {
    *look = co_await run_probe(self->context, executor, self->tls_sessions, std::move(destination),
                               std::move(exception));
  } catch (const std::exception& e) {
    look->failure =
        target_outcome("software-defect", std::string("internal error: ") + e.what(), false);
  }
  self->context.runtime.main().post([self, key, look] { self->on_probe(key, *look); });
}

void Scheduler::Work::on_probe(const std::string& key, NextHopLook& look) {
  DestinationState* state = find(key);
  if (state == nullptr) return;
  state->probing = false;
  probing_hops.erase(state->destination.next_hop);
  wake();
  if (!state->blocker || *stopping) return;
  Blocker& blocker = *state->blocker;
  const Time now = context.clock.now();
  switch (after_probe(*state, look.failure)) {
    case ProbeTurn::repeat:
      blocker.next_probe = now;
      break;
    case ProbeTurn::trial:
      if (!places.is_left(state->may_stall(true, now))) {
        blocker.next_probe = now + kWaitForPlace;
        break;
      }
      blocker.trial = true;
      start_session(*state, true);
      break;
    case ProbeTurn::blocked:
      block(*state, *look.failure, look);
      break;
    case ProbeTurn::put_off:
      postpone_blocker(blocker, look.failure->last_error, config()->queue, now, jitter());
      save(blocker);
      break;
  }
}

io::Task<void> Scheduler::Work::targets_task(std::shared_ptr<Work> self, std::string key) {
  DestinationState* state = self->find(key);
  if (state == nullptr) co_return;
  std::shared_ptr<const Snapshot> snapshot = self->context.snapshot();
  policy::Destination destination = state->destination;
  const io::Executor here = self->context.runtime.main();
  const std::pair<std::string, Duration> answer =
      co_await list_targets(self->context, here, std::move(snapshot), std::move(destination));
  self->on_targets(key, answer.first, answer.second);
}

void Scheduler::Work::on_targets(const std::string& key, const std::string& targets, Duration ttl) {
  DestinationState* state = find(key);
  if (state == nullptr || !state->blocker) return;
  Blocker& blocker = *state->blocker;
  const Time now = context.clock.now();
  blocker.targets_expire = targets_expiry(now, ttl);
  if (targets == blocker.targets) return;
  blocker.targets = targets;
  blocker.next_probe = now;
  state->probe_again = state->probe_again || state->probing;
  wake();
}

}  // namespace postern::relay
