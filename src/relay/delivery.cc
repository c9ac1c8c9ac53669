#include "relay/delivery.h"

#include <algorithm>
#include <chrono>

#include "base/json.h"
#include "base/log.h"
#include "relay/attempt.h"
#include "relay/drop.h"
#include "relay/record.h"
#include "relay/refusal.h"

namespace postern::relay {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kClaimAtOnce = 8;  // messages a session takes from the store at once
// A trial looks for a message that was not refused among so many, and so many at once.
constexpr std::size_t kMaxTrialChoice = 5000;
constexpr std::size_t kTrialChoiceAtOnce = 500;
constexpr std::size_t kBodyBlockOctets =
    256 * 1024;  // read from the store and sent at once: bounds a session's memory

constexpr log::Event kStoreTrouble{1101, log::Level::error, "store.failed"};

// One session at work. Lives in run_delivery's frame.
class Session {
 public:
  Session(Context& context, io::Executor executor, TlsSessions& tls_sessions,
          DeliveryRequest request, DeliveryHooks hooks)
      : context_(context),
        executor_(executor),
        tls_sessions_(tls_sessions),
        request_(std::move(request)),
        hooks_(std::move(hooks)),
        snapshot_(context.snapshot()) {}

  io::Task<DeliveryReport> run();

 private:
  io::Task<bool> connect();
  io::Task<void> work();
  io::Task<bool> refill();
  io::Task<Result<std::vector<store::StoredMessage>>> claim(std::size_t limit);
  io::Task<Result<std::vector<store::StoredMessage>>> choose_for_trial();
  io::Task<bool> deliver(store::StoredMessage message);
  // What became of one transaction: whether the session goes on, and whether the message stays
  // claimed.
  struct Step {
    bool goes_on = true;
    bool keep = false;
  };
  io::Task<Step> deliver_group(store::StoredMessage message);
  io::Task<bool> deliver_to_drop(store::StoredMessage message, std::string folder);
  io::Task<Result<smtp::TransactionDone>> transact(const store::StoredMessage& message,
                                                   store::BodyReader& body);
  io::Task<Result<smtp::ClientActions>> next_block(store::BodyReader& body, std::uint64_t& offset);
  io::Task<Result<void>> write_all(smtp::ClientActions& actions,
                                   std::optional<smtp::TransactionDone>& done, bool& need_body);
  io::Task<bool> record(store::StoredMessage message, std::vector<Outcome> outcomes);
  void settle(MessageId id, bool keep);
  [[nodiscard]] bool must_end() const;
  [[nodiscard]] bool is_ours(const store::StoredMessage& message) const;
  io::Task<bool> judge_refusal(const store::MessageFacts& message, std::vector<Outcome>& outcomes);
  void hear(const store::MessageFacts& message, bool refused);
  void it_worked();
  io::Task<void> record_no_session();
  io::Task<void> give_back();
  void protocol(char event, std::string_view data, std::string_view words = {}) {
    if (look_.protocol) look_.protocol->write(event, data, words);
  }

  void protocol_lines(char event, std::string_view text) {
    if (look_.protocol) look_.protocol->lines(event, text);
  }

  Context& context_;
  io::Executor executor_;
  TlsSessions& tls_sessions_;
  DeliveryRequest request_;
  DeliveryHooks hooks_;
  std::shared_ptr<const Snapshot> snapshot_;
  DeliveryReport report_;
  NextHopLook look_;
  SessionFacts facts_;
  Todo& todo_ = *request_.todo;
  std::vector<mail::Mailbox> taken_;  // the senders whose mail was taken
  Deferral last_deferral_;            // the words of the message at hand
  std::vector<MessageId> moved_;      // claimed, but a reload routes them elsewhere
  std::vector<std::string> failed_places_;
  bool lost_ = false;     // the connection is gone: no QUIT
  bool closing_ = false;  // the server closed behind its answer: what it answered stands
  std::string lost_words_;
};

// Why not another message on this session: a reload (the old policy must not send it), the
// gateway's end, the end of the exception it was opened under, or its share.
bool Session::must_end() const {
  const bool lapsed = request_.exception && request_.exception->until <= context_.clock.now();
  return context_.snapshot() != snapshot_ || (request_.stopping && *request_.stopping) || lapsed ||
         report_.messages >= request_.max_messages;
}

// False where the present configuration sends one of its recipients another way than this
// session's.
bool Session::is_ours(const store::StoredMessage& message) const {
  return std::ranges::all_of(message.recipients, [&](const store::RecipientState& recipient) {
    return policy::route_again(*snapshot_->config, recipient.recipient.mailbox.domain,
                               request_.destination) == request_.destination;
  });
}

io::Task<Result<std::vector<store::StoredMessage>>> Session::claim(std::size_t limit) {
  store::Store* store = &context_.store;
  auto take = [store, key = request_.destination.key(), limit] { return store->claim(key, limit); };
  co_return co_await io::run_blocking(context_.runtime, take);
}

// The oldest of the messages that tell most: after a refusal in the dialogue the next trial is
// another sender's. The others go back.
io::Task<Result<std::vector<store::StoredMessage>>> Session::choose_for_trial() {
  std::vector<store::StoredMessage> best;
  std::vector<MessageId> passed_over;
  for (std::size_t seen = 0; seen < kMaxTrialChoice;) {
    Result<std::vector<store::StoredMessage>> page = co_await claim(kTrialChoiceAtOnce);
    if (!page && best.empty()) co_return page;
    if (!page) break;
    const bool last = page->size() < kTrialChoiceAtOnce;
    seen += page->size();
    for (store::StoredMessage& message : *page) {
      if (!best.empty() &&
          request_.refused.rank(best.front().facts) <= request_.refused.rank(message.facts)) {
        passed_over.push_back(message.facts.id);
        continue;
      }
      if (!best.empty()) passed_over.push_back(best.front().facts.id);
      best.clear();
      best.push_back(std::move(message));
    }
    if (last || request_.refused.rank(best.front().facts) == kBestRank) break;
  }
  for (const MessageId id : passed_over) context_.store.finish(request_.destination.key(), id);
  co_return best;
}

// Takes more messages from the store when there are none at hand. False: nothing left.
io::Task<bool> Session::refill() {
  if (must_end()) {
    report_.more = true;
    co_return false;
  }
  if (!todo_.empty()) co_return true;
  Result<std::vector<store::StoredMessage>> claimed;
  if (!request_.trial) {
    claimed = co_await claim(kClaimAtOnce);
  } else if (request_.refused.empty()) {
    claimed = co_await claim(1);
  } else {
    claimed = co_await choose_for_trial();
  }
  if (!claimed) {
    log::write(kStoreTrouble, {{"what", "claim"}, {"error", claimed.error().what()}});
    co_return false;
  }
  const bool moved_before = !moved_.empty();
  for (store::StoredMessage& message : *claimed) {
    if (is_ours(message)) {
      todo_.push_back(std::move(message));
    } else {
      moved_.push_back(message.facts.id);
    }
  }
  if (!moved_.empty() && !moved_before && hooks_.on_moved) hooks_.on_moved();
  if (todo_.size() == kClaimAtOnce && report_.path_worked && hooks_.on_backlog) hooks_.on_backlog();
  co_return !todo_.empty();
}

io::Task<bool> Session::connect() {
  NextHopRequest request;
  request.snapshot = snapshot_;
  request.destination = request_.destination;
  request.exception = request_.exception;
  request.resume = !request_.trial;
  request.skip = failed_places_;
  look_ = co_await look_at_next_hop(context_, executor_, tls_sessions_, std::move(request));
  if (!look_.ready) {
    report_.failure = look_.failure;
    co_return false;
  }
  co_await store_verdict(context_, look_.verdict, nullptr);
  facts_.destination = request_.destination;
  facts_.target = look_.target;
  facts_.verdict = look_.verdict;
  facts_.session = look_.session;
  facts_.exception = look_.policy.exception;
  facts_.dsn_offered = look_.ready->session.capabilities().dsn;
  facts_.eight_bit_offered = look_.ready->session.capabilities().eight_bit_mime;
  co_return true;
}

// Writes what the session wants written; keeps the end of the transaction and the wish for a body.
io::Task<Result<void>> Session::write_all(smtp::ClientActions& actions,
                                          std::optional<smtp::TransactionDone>& done,
                                          bool& need_body) {
  const bool in_dialogue = !need_body;  // from NeedBody on it is content, which is never logged
  for (smtp::ClientAction& action : actions) {
    if (auto* write = std::get_if<smtp::ClientWrite>(&action)) {
      if (in_dialogue) protocol_lines('>', write->octets);
      const Result<void> written = co_await look_.ready->stream->write(
          write->octets, snapshot_->config->timeouts.body_block);
      if (!written && !done) co_return written;
      if (!written) lost_ = closing_ = true;
    } else if (auto* finished = std::get_if<smtp::TransactionDone>(&action)) {
      done = std::move(*finished);
    } else if (std::holds_alternative<smtp::NeedBody>(action)) {
      need_body = true;
    } else if (auto* problem = std::get_if<smtp::ProtocolError>(&action)) {
      if (!done) co_return invalid("not SMTP: " + problem->what);
      lost_ = closing_ = true;  // a 421 behind the 250, say: the message is theirs all the same
    }
  }
  actions.clear();
  co_return Result<void>();
}

// The next block of the body, handed to the session; `offset` moves on. Errors: it cannot be read,
// and then the message must not end as if it were whole: the connection is dropped.
io::Task<Result<smtp::ClientActions>> Session::next_block(store::BodyReader& body,
                                                          std::uint64_t& offset) {
  store::BodyReader* reader = &body;
  auto read = [reader, at = offset] { return reader->read(at, kBodyBlockOctets); };
  Result<std::string> block = co_await io::run_blocking(context_.runtime, read);
  if (!block || (block->empty() && offset < body.size())) {
    look_.ready->session.abort_body();
    if (!block) co_return std::unexpected(block.error());
    co_return invalid("the stored body ends early");
  }
  offset += block->size();
  co_return look_.ready->session.body(*block, offset >= body.size());
}

// One transaction to its end. Errors: the connection was lost or talked nonsense (lost_words_ says
// which).
io::Task<Result<smtp::TransactionDone>> Session::transact(const store::StoredMessage& message,
                                                          store::BodyReader& body) {
  const smtp::Transaction transaction = transaction_of(message, body.size());
  std::optional<smtp::TransactionDone> done;
  bool body_wanted = false;
  bool body_ended = false;
  std::uint64_t offset = 0;
  smtp::ClientActions actions = look_.ready->session.transaction(transaction);
  // The wait is for a reply, not for an octet: one a minute must not hold a session for ever.
  auto waits_since = Steady::now();
  std::uint64_t replies = look_.ready->session.replies();
  while (true) {
    const bool progress = !actions.empty() || replies != look_.ready->session.replies();
    CO_TRY_VOID(co_await write_all(actions, done, body_wanted));
    if (done) co_return std::move(*done);
    if (progress) waits_since = Steady::now();
    replies = look_.ready->session.replies();
    if (body_wanted && !body_ended && look_.ready->session.wants_body()) {
      CO_TRY(actions, co_await next_block(body, offset));
      body_ended = offset >= body.size();
      continue;
    }
    const Duration limit =
        reply_deadline(snapshot_->config->timeouts, look_.ready->session.waiting());
    const Duration left = limit - std::chrono::duration_cast<Duration>(Steady::now() - waits_since);
    CO_TRY(const std::string octets, co_await look_.ready->stream->read(left));
    protocol_lines('<', octets);
    actions = look_.ready->session.on_bytes(octets);
  }
}

// The claim goes back, or is the scheduler's until the destination's next turn.
void Session::settle(MessageId id, bool keep) {
  if (keep && hooks_.on_deferred) {
    last_deferral_.message = id;
    hooks_.on_deferred(std::move(last_deferral_));
  } else {
    context_.store.finish(request_.destination.key(), id);
  }
  last_deferral_ = Deferral();
}

// Makes what a transaction came to durable. True: the message stays claimed (it waits for a reason
// of its own, or the store could not take the outcome).
io::Task<bool> Session::record(store::StoredMessage message, std::vector<Outcome> outcomes) {
  store::Store* store = &context_.store;
  const std::shared_ptr<const Snapshot> snapshot = snapshot_;
  const SessionFacts* facts = &facts_;
  const store::StoredMessage* what = &message;
  const std::vector<Outcome>* how = &outcomes;
  const Time now = context_.clock.now();
  // Reads the original for a DSN: off the loop.
  auto make = [store, snapshot, facts, what, how, now] {
    return record_outcomes(*store, *snapshot->config, *what, *how, *facts, now);
  };
  Recorded recorded;
  if (needs_original(message, outcomes)) {
    recorded = co_await io::run_blocking(context_.runtime, make);
  } else {
    recorded = make();
  }
  const bool deferred = recorded.deferred;
  const std::vector<std::string> accepted = recorded.accepted;
  const Result<void> stored = co_await store_apply(context_, std::move(recorded.batch));
  for (const Outcome& outcome : outcomes) {
    if (outcome.kind == Kind::delivered) ++report_.delivered;
    if (outcome.kind != Kind::temporary) continue;
    last_deferral_.last_error = outcome.last_error;
    last_deferral_.code = outcome.code;
  }
  if (!stored) {
    // The store must not lie, and neither do we: the message stays as it was and will be tried
    // again.
    log::write(kStoreTrouble, {{"what", "outcome"},
                               {"message", message.facts.id.str()},
                               {"error", stored.error().what()}});
    co_return true;
  }
  if (!accepted.empty() && hooks_.on_accepted) hooks_.on_accepted(accepted);
  co_return deferred;
}

// What the session and those after it are to know of mail refused in the dialogue.
void Session::hear(const store::MessageFacts& message, bool refused) {
  const mail::Mailbox& sender = message.reverse_path;
  const bool taken_before = std::ranges::find(taken_, sender) != taken_.end();
  if (!refused && !taken_before) taken_.push_back(sender);
  if (!refused && !request_.refused.contains(message)) return;
  Heard heard;
  heard.what = refused ? Heard::What::refused : Heard::What::taken;
  heard.message = message.id;
  heard.sender = sender;
  heard.not_the_sender = taken_before;
  request_.refused.note(heard);
  report_.heard.push_back(std::move(heard));
}

void Session::it_worked() {
  if (!report_.path_worked && !request_.trial && hooks_.on_worked) hooks_.on_worked();
  report_.path_worked = true;
}

// Refusals in words of TLS or certificates under a verdict of their own. True: they are this
// message's matter, and the session keeps its verdict.
io::Task<bool> Session::judge_refusal(const store::MessageFacts& message,
                                      std::vector<Outcome>& outcomes) {
  std::optional<LateRefusal> late = judge_late_refusal(look_, outcomes, context_.clock.now());
  if (!late) co_return false;
  co_await store_verdict(context_, late->verdict, &late->evidence);
  facts_.verdict = late->verdict;
  const bool own =
      is_own_refusal(outcomes, request_.trial, request_.refused.contains(message), !taken_.empty());
  hear(message, true);
  if (own) {
    set_apart(outcomes);
  } else {
    look_.evidence = std::move(late->evidence);
    look_.verdict = std::move(late->verdict);
  }
  co_return own;
}

io::Task<Session::Step> Session::deliver_group(store::StoredMessage message) {
  Step step;
  if (auto refused =
          refused_by_ehlo(look_.ready->session.capabilities(), look_.target.host, message)) {
    step.keep = co_await record(std::move(message), std::move(*refused));
    co_return step;
  }
  store::Store* store = &context_.store;
  auto open = [store, id = message.facts.id] { return store->open_body(id); };
  Result<std::unique_ptr<store::BodyReader>> body =
      co_await io::run_blocking(context_.runtime, open);
  if (!body) {
    log::write(
        kStoreTrouble,
        {{"what", "body"}, {"message", message.facts.id.str()}, {"error", body.error().what()}});
    step.keep = true;
    co_return step;
  }
  protocol('*', message.facts.id.str(), "sending message");
  Result<smtp::TransactionDone> done = co_await transact(message, **body);
  if (!done) {
    lost_ = true;
    lost_words_ = done.error().what();
  }
  const smtp::TransactionDone nothing;
  std::vector<Outcome> outcomes =
      transaction_outcomes(done ? *done : nothing, message.recipients.size(), lost_words_);
  const bool was_refused = request_.refused.contains(message.facts);
  const bool own = co_await judge_refusal(message.facts, outcomes);
  if (!own && is_taken(outcomes)) hear(message.facts, false);
  const AfterTransaction after =
      after_transaction(outcomes, closing_, request_.suspect == message.facts.id);
  if (!after.failure) it_worked();
  const MessageId id = message.facts.id;
  const bool waits = co_await record(std::move(message), std::move(outcomes));
  step.keep = waits || after.steps_aside;
  // Whether it is this message's matter alone shows on a new session, with other mail first.
  const bool asks_anew = own && !was_refused;
  if (own) facts_.verdict = look_.verdict;
  step.goes_on = after.goes_on && !asks_anew;
  report_.failure = after.failure;
  report_.more = report_.more || after.more || asks_anew;
  if (after.culprit) report_.culprit = id;
  co_return step;
}

// False: the session is over (failure is in the report, or the host is to be changed).
io::Task<bool> Session::deliver(store::StoredMessage message) {
  const MessageId id = message.facts.id;
  ++report_.messages;
  Step all;
  std::vector<store::StoredMessage> parts = by_transaction(std::move(message));
  for (std::size_t i = 0; i < parts.size() && all.goes_on; ++i) {
    if (i > 0 && context_.snapshot() != snapshot_) {  // the rest goes by the new policy
      report_.more = true;
      all.goes_on = false;
      break;
    }
    request_.pulse->begin(context_.clock.now());
    const Step step = co_await deliver_group(std::move(parts[i]));
    request_.pulse->end();
    all.keep = all.keep || step.keep;
    all.goes_on = step.goes_on;
  }
  settle(id, all.keep);
  co_return all.goes_on;
}

io::Task<bool> Session::deliver_to_drop(store::StoredMessage message, std::string folder) {
  store::Store* store = &context_.store;
  const store::StoredMessage* what = &message;
  auto write = [store, what, folder]() -> Result<void> {
    TRY(const std::unique_ptr<store::BodyReader> body, store->open_body(what->facts.id));
    return write_drop_file(folder, *what, *body);
  };
  const Result<void> written = co_await io::run_blocking(context_.runtime, write);
  const Outcome outcome = drop_outcome(written);
  if (!written) report_.failure = outcome;
  ++report_.messages;
  std::vector<Outcome> outcomes(message.recipients.size(), outcome);
  const MessageId id = message.facts.id;
  const bool keep = co_await record(std::move(message), std::move(outcomes));
  settle(id, keep);
  co_return written.has_value();
}

// No host could be used. For good: every message of the destination fails. For now: the messages at
// hand get the reason into their trace; for those behind them the destination's state speaks.
io::Task<void> Session::record_no_session() {
  const Outcome outcome = *report_.failure;
  co_await store_verdict(context_, look_.verdict, &look_.evidence);
  facts_.target = look_.target;
  facts_.verdict = look_.verdict;
  facts_.session = look_.session;
  const bool for_good = outcome.kind == Kind::permanent;
  bool any = !todo_.empty();
  while (any) {
    store::StoredMessage message = std::move(todo_.front());
    todo_.pop_front();
    std::vector<Outcome> outcomes(message.recipients.size(), outcome);
    const MessageId id = message.facts.id;
    const bool keep = co_await record(std::move(message), std::move(outcomes));
    settle(id, keep);
    ++report_.messages;
    any = !todo_.empty();
    if (!any && for_good) any = co_await refill();
  }
  if (for_good) report_.failure.reset();
}

// Claims that were not used go back, so that the next session sees them in their order.
io::Task<void> Session::give_back() {
  relay::give_back(context_.store, request_.destination.key(), todo_);
  for (const MessageId id : moved_) context_.store.finish(request_.destination.key(), id);
  moved_.clear();
  if (look_.ready) {
    // A session that was refused is no reason to skip a full handshake next time.
    if (report_.failure) {
      tls_sessions_.erase(look_.tls_session_key);
    } else {
      tls_sessions_.put(look_.tls_session_key, look_.ready->stream->tls_session());
    }
    if (lost_) {
      look_.ready->stream->close();
      look_.ready.reset();
    } else {
      co_await observe::end_session(std::move(look_.ready), snapshot_->config->timeouts.quit);
    }
  }
  protocol('-', lost_words_, "");
}

io::Task<void> Session::work() {
  const policy::SendConnector* connector =
      snapshot_->config->find_send(request_.destination.connector);
  const std::string folder = connector != nullptr ? connector->drop : std::string();
  facts_.destination = request_.destination;
  facts_.drop = !folder.empty();
  // Messages first: a session is opened only when there is something to send.
  const bool any = co_await refill();
  if (!any) co_return;
  if (!folder.empty()) {
    it_worked();
  } else if (!look_.ready) {
    const bool connected = co_await connect();
    if (!connected) {
      co_await record_no_session();
      co_return;
    }
  }
  while (true) {
    const bool available = co_await refill();
    if (!available) {
      if (request_.trial || report_.more || !hooks_.wait_for_more || !folder.empty()) co_return;
      const bool again = co_await hooks_.wait_for_more();
      if (!again) co_return;
      continue;
    }
    store::StoredMessage message = std::move(todo_.front());
    todo_.pop_front();
    bool goes_on = false;
    if (folder.empty()) {
      goes_on = co_await deliver(std::move(message));
    } else {
      goes_on = co_await deliver_to_drop(std::move(message), folder);
    }
    if (!goes_on || request_.trial) co_return;
  }
}

io::Task<DeliveryReport> Session::run() {
  while (true) {
    report_.failure.reset();
    co_await work();
    const bool next_host =
        next_host_is_tried(report_.failure, look_.ready != nullptr, report_.path_worked);
    co_await give_back();
    if (!next_host) break;
    failed_places_.push_back(policy::Endpoint{look_.target.address, look_.target.port}.str());
    const std::optional<Outcome> before = report_.failure;
    lost_ = closing_ = false;
    lost_words_.clear();
    NextHopLook previous = std::move(look_);
    look_ = NextHopLook();
    const bool found = co_await connect();
    if (!found) {  // no other host: what the one said counts
      report_.failure = before;
      look_ = std::move(previous);
      break;
    }
  }
  report_.look = std::move(look_);
  report_.look->ready.reset();
  co_return std::move(report_);
}

}  // namespace

bool give_back(store::Store& store, const std::string& destination, Todo& todo) {
  const bool any = !todo.empty();
  for (const store::StoredMessage& message : todo) store.finish(destination, message.facts.id);
  todo.clear();
  return any;
}

io::Task<DeliveryReport> run_delivery(Context& context, io::Executor executor,
                                      TlsSessions& tls_sessions, DeliveryRequest request,
                                      DeliveryHooks hooks) {
  Session session(context, executor, tls_sessions, std::move(request), std::move(hooks));
  co_return co_await session.run();
}

}  // namespace postern::relay
