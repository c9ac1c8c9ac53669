// What time does to waiting mail: delay notices, lifetimes, mail that entered the queue unseen,
// retention. One pass every few seconds over the destinations that hold mail.
#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "relay/notices.h"
#include "relay/record.h"
#include "relay/scheduler_work.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMaxSweepPause = 30s;
constexpr Duration kMinSweepPause = 250ms;
constexpr Duration kPurgeInterval = 1min;
constexpr std::size_t kSweepBatch = 200;  // messages of one destination in one pass

constexpr log::Event kStoreTrouble{1101, log::Level::error, "store.failed"};
constexpr log::Event kExpired{2020, log::Level::warning, "queue.expire"};
constexpr log::Event kOverdue{2021, log::Level::warning, "blocker.overdue"};

// Short lifetimes and notices are looked at often enough to be kept to within a few per cent.
Duration sweep_pause(const policy::QueueConfig& queue) {
  const Duration shortest =
      std::min({queue.delay_notice, queue.delay_notice_blocked, queue.lifetime});
  return std::clamp(shortest / 20, kMinSweepPause, kMaxSweepPause);
}

// How long a destination's messages may wait.
struct Lifetimes {
  bool blocked = false;
  std::optional<Time> released_at;
};

// When a message's time is up. Behind a blocker the operator has until blocker_lifetime; what was
// overdue when the blocker ended has another lifetime to be delivered in.
Time expiry(const store::MessageFacts& facts, const policy::QueueConfig& queue,
            const Lifetimes& lifetimes) {
  const Time ordinary = facts.arrival + queue.lifetime;
  const Time longest = facts.arrival + std::max(queue.lifetime, queue.blocker_lifetime);
  Time out = ordinary;
  if (lifetimes.blocked) out = longest;
  if (!lifetimes.blocked && lifetimes.released_at)
    out = std::max(ordinary, std::min(*lifetimes.released_at + queue.lifetime, longest));
  if (facts.expire_at.empty()) return out;
  const Result<Time> extended = parse_rfc3339(facts.expire_at);
  if (!extended) return out;
  return lifetimes.blocked ? std::max(*extended, out) : *extended;
}

// What is told about why a message still waits.
struct Reason {
  Lifetimes lifetimes;
  Outcome outcome;
  std::string remote_mta;
};

Reason reason_of(const DestinationState& state) {
  Reason reason;
  reason.lifetimes.released_at = state.released_at;
  reason.outcome.kind = Kind::temporary;
  reason.outcome.status = {4, 4, 7};
  reason.outcome.last_error = state.last_error;
  reason.outcome.code = state.last_code;
  reason.outcome.explanation =
      state.last_error.empty()
          ? std::string("The recipient's mail system could not be reached.")
          : "The recipient's mail system does not take the message at present: " + state.last_error;
  if (state.blocker) {
    const Blocker& blocker = *state.blocker;
    reason.lifetimes.blocked = true;
    reason.outcome.kind = Kind::blocked;
    reason.outcome.code = blocker.verdict.code;
    reason.outcome.last_error = blocker.last_error;
    reason.outcome.explanation = blocker.verdict.cause;
    reason.remote_mta = blocker.verdict.host;
  }
  return reason;
}

std::vector<NoticeRecipient> all_recipients(const store::StoredMessage& message,
                                            const Reason& reason, mail::DsnAction action,
                                            std::optional<Time> until) {
  std::vector<NoticeRecipient> out;
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    NoticeRecipient recipient;
    recipient.index = static_cast<std::uint32_t>(i);
    recipient.outcome = reason.outcome;
    recipient.action = action;
    recipient.remote_mta = reason.remote_mta;
    recipient.will_retry_until = until;
    out.push_back(std::move(recipient));
  }
  return out;
}

// One delay notice for all recipients that want one; marks every recipient, so it is looked at
// once.
void add_delay_notice(const Context& context, const policy::Config& config,
                      const store::StoredMessage& message, const Reason& reason, Time now,
                      store::Batch& batch, std::vector<std::string>& accepted) {
  std::vector<NoticeRecipient> recipients =
      all_recipients(message, reason, mail::DsnAction::delayed,
                     expiry(message.facts, config.queue, reason.lifetimes));
  std::erase_if(recipients, [&](const NoticeRecipient& recipient) {
    const store::RecipientState& state = message.recipients[recipient.index];
    return state.delay_notified || !wants_delay_notice(message.facts, state.recipient);
  });
  for (const store::RecipientState& recipient : message.recipients) {
    store::Change change;
    change.message = message.facts.id;
    change.recipient = recipient.index;
    change.status = recipient.status;
    change.only_from = recipient.status;
    change.code = reason.outcome.code;
    change.last_error = reason.outcome.last_error;
    change.delay_notified = true;
    batch.changes.push_back(std::move(change));
  }
  if (recipients.empty()) return;
  const std::string original = read_original(context.store, message, false);
  std::optional<store::NewMessage> notice =
      make_notice(config, context.store, message, recipients, original, now);
  if (!notice) return;
  Json data = Json::object();
  data["dsn"] = notice->facts.id.str();
  data["action"] = "delayed";
  data["to"] = message.facts.reverse_path.str();
  batch.events.push_back(make_event(message.facts.id, -1, now, "dsn.issue", data));
  for (const store::NewRecipient& recipient : notice->recipients)
    accepted.push_back(recipient.destination);
  batch.accept.push_back(std::move(*notice));
}

struct Pass {
  store::Batch batch;
  std::vector<std::string> accepted;
  std::vector<MessageId> expired;
  std::uint64_t overdue = 0;
};

void take(Pass& pass, Recorded recorded) {
  for (store::Change& change : recorded.batch.changes)
    pass.batch.changes.push_back(std::move(change));
  for (store::Event& event : recorded.batch.events) pass.batch.events.push_back(std::move(event));
  for (store::NewMessage& notice : recorded.batch.accept)
    pass.batch.accept.push_back(std::move(notice));
  pass.accepted.insert(pass.accepted.end(), recorded.accepted.begin(), recorded.accepted.end());
}

// Everything one destination needs now. Blocking: reads the store.
Pass make_pass(const Context& context, const policy::Config& config, const std::string& key,
               const Reason& reason, Time now) {
  Pass pass;
  const policy::QueueConfig& queue = config.queue;
  const Duration notice =
      reason.lifetimes.blocked ? queue.delay_notice_blocked : queue.delay_notice;
  if (const auto late = context.store.older_than(key, now - notice, true, kSweepBatch)) {
    for (const store::StoredMessage& message : *late) {
      if (expiry(message.facts, queue, reason.lifetimes) <= now)
        continue;  // its failure notice comes below
      add_delay_notice(context, config, message, reason, now, pass.batch, pass.accepted);
    }
  }
  if (const auto old = context.store.older_than(key, now - queue.lifetime, false, kSweepBatch)) {
    for (const store::StoredMessage& message : *old) {
      if (expiry(message.facts, queue, reason.lifetimes) > now) {
        if (reason.lifetimes.blocked) ++pass.overdue;
        continue;
      }
      Recorded recorded = record_expiry(context, config, message, reason.outcome, reason.remote_mta,
                                        "queue.expire", now);
      log::write(kExpired, {{"message", message.facts.id.str()}, {"code", reason.outcome.code}});
      take(pass, std::move(recorded));
      pass.expired.push_back(message.facts.id);
    }
  }
  return pass;
}

}  // namespace

io::Task<void> Scheduler::Work::sweep_destination(std::shared_ptr<Work> self, std::string key) {
  DestinationState* state = self->find(key);
  // A message in flight is not expired under a session's hands; sessions are short.
  if (state == nullptr || state->sessions != 0) co_return;
  state->sweeping = true;
  const Reason reason = reason_of(*state);
  const std::shared_ptr<const policy::Config> config = self->config();
  const Context* context = &self->context;
  const Time now = self->context.clock.now();
  auto make = [context, config, key, reason, now] {
    return make_pass(*context, *config, key, reason, now);
  };
  Pass pass = co_await io::run_blocking(self->context.runtime, make);
  const std::vector<std::string> accepted = pass.accepted;
  const std::vector<MessageId> expired = pass.expired;
  const std::uint64_t overdue = pass.overdue;
  if (!pass.batch.changes.empty()) {
    const Result<void> stored = co_await store_apply(self->context, std::move(pass.batch));
    if (!stored) log::write(kStoreTrouble, {{"what", "sweep"}, {"error", stored.error().what()}});
  }
  state = self->find(key);
  state->sweeping = false;
  for (const MessageId id : expired) {
    if (std::erase(state->deferred, id) != 0) self->context.store.finish(key, id);
  }
  if (overdue != 0 && state->blocker) {
    Alert alert;
    alert.kind = "blocker.overdue";
    alert.subject = std::to_string(overdue) + " messages to " + state->destination.next_hop +
                    " are past their lifetime and still wait";
    alert.text =
        "They are kept until the blocker's lifetime ends. Extend, release under an exception, or "
        "return them: postern queue --help";
    alert.key = state->blocker->id.str();
    alert.destination = key;
    alert.json = dump_json(blocker_view(*state->blocker, overdue));
    log::write(kOverdue,
               {{"blocker", state->blocker->id.str()}, {"messages", std::to_string(overdue)}});
    self->alerts.raise(std::move(alert));
  }
  for (const std::string& woken : accepted) {
    if (DestinationState* other = self->state_of(woken)) {
      other->waiting_mail = true;
      self->dispatch(*other);
    }
  }
  self->dispatch(*state);
}

io::Task<void> Scheduler::Work::sweep_once(std::shared_ptr<Work> self) {
  const Time counted_at = self->context.clock.now();
  store::Store* store = &self->context.store;
  auto count = [store] { return store->destinations(); };
  const Result<std::vector<store::DestinationCount>> counts =
      co_await io::run_blocking(self->context.runtime, count);
  if (!counts) {
    log::write(kStoreTrouble, {{"what", "count"}, {"error", counts.error().what()}});
    co_return;
  }
  std::set<std::string> holding;
  for (const store::DestinationCount& row : *counts) {
    holding.insert(row.destination);
    if (row.pending == 0) continue;
    DestinationState* state = self->state_of(row.destination);
    if (state == nullptr) continue;
    // Released, resubmitted or routed here without a word to us; claimed and deferred mail is not
    // claimed twice.
    if (state->sessions == 0 && !state->blocker && row.pending > state->deferred.size())
      state->waiting_mail = true;
    co_await sweep_destination(self, row.destination);
  }
  const Time now = self->context.clock.now();
  for (auto& [key, state] : self->destinations) {
    if (state.blocker && state.blocker->since < counted_at && !holding.contains(key) &&
        state.sessions == 0 && !state.probing)
      self->unblock(state, "no mail waits for it any more");
  }
  constexpr Duration kForget = 1h;
  std::erase_if(self->destinations, [&](const auto& entry) {
    const DestinationState& state = entry.second;
    return !holding.contains(entry.first) && !state.blocker && !state.exception &&
           state.deferred.empty() && state.sessions == 0 && !state.probing &&
           state.lingering.empty() && state.last_used + kForget < now;
  });
}

io::Task<void> Scheduler::Work::sweeps(std::shared_ptr<Work> self) {
  Time next_purge = self->context.clock.now();
  while (!*self->stopping) {
    co_await sweep_once(self);
    const std::shared_ptr<const policy::Config> config = self->config();
    const Time now = self->context.clock.now();
    if (next_purge <= now) {
      next_purge = now + kPurgeInterval;
      store::Retention keep;
      keep.expired = config->queue.retain_expired;
      keep.delivered = config->queue.retain_delivered;
      keep.trace = config->queue.retain_trace;
      keep.expired_size = config->queue.retain_expired_size;
      keep.delivered_size = config->queue.retain_delivered_size;
      keep.trace_size = config->queue.retain_trace_size;
      self->context.store.purge(now, keep, [](const Result<void>& purged) {
        if (!purged)
          log::write(kStoreTrouble, {{"what", "purge"}, {"error", purged.error().what()}});
      });
    }
    const bool woken = co_await self->sweep_signal.wait(sweep_pause(config->queue));
    (void)woken;
  }
}

}  // namespace postern::relay
