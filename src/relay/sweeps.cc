// What time does to waiting mail: delay notices, lifetimes, mail that entered the queue unseen,
// retention. One pass every few seconds over the destinations that hold mail.
#include <algorithm>
#include <set>
#include <utility>

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
constexpr std::size_t kSweepBatch = 200;  // messages of one destination in one write
// Writes of one destination in one pass. A longer list is gone on with in the next pass.
constexpr int kMaxBatchesPerPass = 20;

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

// One part of a destination's walk: what it starts from, on the pool.
struct Part {
  std::string key;
  Reason reason;
  Time now{};
  std::set<MessageId> aside;                    // claimed by the scheduler, in no session
  std::optional<MessageId> notices, lifetimes;  // go on behind these; nullopt: that walk is done
};

struct Pass {
  store::Batch batch;
  std::vector<std::string> accepted;
  std::vector<MessageId> expired;
  std::vector<MessageId> claimed;  // to be given back when the batch is durable
  std::uint64_t overdue = 0;
  std::optional<MessageId> notices, lifetimes;
};

std::optional<MessageId> go_on_behind(const std::vector<store::StoredMessage>& page) {
  if (page.size() < kSweepBatch) return std::nullopt;
  return page.back().facts.id;
}

// Those that wait for too long. One in flight may arrive at any moment: it is asked for again in
// the next pass.
void sweep_notices(const Context& context, const policy::Config& config, const Part& part,
                   Pass& pass) {
  const policy::QueueConfig& queue = config.queue;
  const Lifetimes& lifetimes = part.reason.lifetimes;
  const Duration notice = lifetimes.blocked ? queue.delay_notice_blocked : queue.delay_notice;
  const auto late =
      context.store.older_than(part.key, part.now - notice, true, *part.notices, kSweepBatch);
  if (!late) return;
  pass.notices = go_on_behind(*late);
  for (const store::StoredMessage& message : *late) {
    if (expiry(message.facts, queue, lifetimes) <= part.now)
      continue;  // its failure notice comes with the lifetimes
    const MessageId id = message.facts.id;
    if (!part.aside.contains(id) && context.store.is_claimed(part.key, id)) continue;
    add_delay_notice(context, config, message, part.reason, part.now, pass.batch, pass.accepted);
  }
}

// Those whose time is up. Each is claimed first, so that no session delivers what is returned.
void sweep_lifetimes(const Context& context, const policy::Config& config, const Part& part,
                     Pass& pass) {
  const policy::QueueConfig& queue = config.queue;
  const Reason& reason = part.reason;
  const auto old = context.store.older_than(part.key, part.now - queue.lifetime, false,
                                            *part.lifetimes, kSweepBatch);
  if (!old) return;
  pass.lifetimes = go_on_behind(*old);
  for (const store::StoredMessage& message : *old) {
    const MessageId id = message.facts.id;
    if (expiry(message.facts, queue, reason.lifetimes) > part.now) {
      if (reason.lifetimes.blocked) ++pass.overdue;
      continue;
    }
    if (!part.aside.contains(id)) {
      if (!context.store.claim_one(part.key, id)) continue;
      pass.claimed.push_back(id);
    }
    Recorded recorded = record_expiry(context.store, config, message, reason.outcome,
                                      reason.remote_mta, {"queue.expire", ""}, part.now);
    log::write(kExpired, {{"message", id.str()}, {"code", reason.outcome.code}});
    append(pass.batch, std::move(recorded.batch));
    pass.accepted.insert(pass.accepted.end(), recorded.accepted.begin(), recorded.accepted.end());
    pass.expired.push_back(id);
  }
}

// Blocking: reads the store.
Pass make_pass(const Context& context, const policy::Config& config, const Part& part) {
  Pass pass;
  if (part.notices) sweep_notices(context, config, part, pass);
  if (part.lifetimes) sweep_lifetimes(context, config, part, pass);
  return pass;
}

}  // namespace

void Scheduler::Work::alert_overdue(const DestinationState& state, std::uint64_t overdue) {
  Alert alert;
  alert.kind = "blocker.overdue";
  alert.subject = std::to_string(overdue) + " messages to " + state.destination.next_hop +
                  " are past their lifetime and still wait";
  alert.text =
      "They are kept until the blocker's lifetime ends. Extend, release under an exception, or "
      "return them: postern queue --help";
  alert.key = state.blocker->id.str();
  alert.destination = state.key;
  alert.json = dump_json(blocker_view(*state.blocker, overdue));
  log::write(kOverdue,
             {{"blocker", state.blocker->id.str()}, {"messages", std::to_string(overdue)}});
  alerts.raise(std::move(alert));
}

io::Task<void> Scheduler::Work::sweep_destination(std::shared_ptr<Work> self, std::string key) {
  DestinationState* state = self->find(key);
  if (state == nullptr) co_return;
  state->sweeping = true;
  Part part;
  part.key = key;
  part.reason = reason_of(*state);
  part.now = self->context.clock.now();
  part.aside.insert(state->deferred.begin(), state->deferred.end());
  part.notices = state->swept_notices;
  part.lifetimes = state->swept_lifetimes;
  std::uint64_t overdue = state->overdue_seen;
  const std::shared_ptr<const policy::Config> config = self->config();
  const Context* context = &self->context;
  std::set<std::string> woken;
  for (int i = 0; i < kMaxBatchesPerPass && (part.notices || part.lifetimes); ++i) {
    auto make = [context, config, part] { return make_pass(*context, *config, part); };
    Pass pass = co_await io::run_blocking(self->context.runtime, make);
    const bool writes = !pass.batch.changes.empty();
    Result<void> stored;
    if (writes) stored = co_await store_apply(self->context, std::move(pass.batch));
    for (const MessageId id : pass.claimed) self->context.store.finish(key, id);
    if (!stored) {
      log::write(kStoreTrouble, {{"what", "sweep"}, {"error", stored.error().what()}});
      break;
    }
    state = self->find(key);
    for (const MessageId id : pass.expired) {
      if (std::erase(state->deferred, id) != 0) self->context.store.finish(key, id);
    }
    woken.insert(pass.accepted.begin(), pass.accepted.end());
    overdue += pass.overdue;
    part.notices = pass.notices;
    part.lifetimes = pass.lifetimes;
  }
  state = self->find(key);
  state->sweeping = false;
  state->swept_notices = part.notices.value_or(MessageId());
  state->swept_lifetimes = part.lifetimes.value_or(MessageId());
  state->overdue_seen = part.lifetimes ? overdue : 0;
  if (!part.lifetimes && overdue != 0 && state->blocker) self->alert_overdue(*state, overdue);
  if (std::exchange(state->release_after_sweep, false)) self->release_deferred(*state);
  self->mail_came({woken.begin(), woken.end()});
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
