#include "relay/control.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "relay/record.h"
#include "relay/return_mail.h"
#include "verdict/catalog.h"

namespace postern::relay {
namespace {

using Views = std::vector<std::pair<std::string, Json>>;

const Json* view_of(const Views& views, const std::string& destination) {
  const auto found = std::ranges::find(views, destination, &Views::value_type::first);
  return found == views.end() ? nullptr : &found->second;
}

Json event_json(const store::Event& event) {
  Json out = Json::object();
  out["time"] = format_rfc3339(event.time);
  out["event"] = event.event;
  const Result<Json> data = parse_json(event.data);
  if (data && data->is_object()) {
    for (const auto& [key, value] : data->items()) out[key] = value;
  }
  return out;
}

Json recipient_json(const store::TracedMessage& message, const store::RecipientState& recipient,
                    const Json* waits) {
  Json out = Json::object();
  out["address"] = recipient.recipient.mailbox.str();
  out["status"] = std::string(store::to_string(recipient.status));
  out["code"] = recipient.code.empty() ? "none" : recipient.code;
  Json events = Json::array();
  for (const store::Event& event : message.events) {
    if (event.recipient < 0 || event.recipient == static_cast<std::int64_t>(recipient.index))
      events.push_back(event_json(event));
  }
  out["events"] = std::move(events);
  out["destination"] = recipient.destination;
  out["last_error"] = recipient.last_error.empty() ? Json(nullptr) : Json(recipient.last_error);
  if (recipient.status == store::Status::pending && waits != nullptr) {
    // What holds the destination speaks for every message behind it.
    const std::string state = waits->value("state", "idle");
    out["waits"] = *waits;
    if (state == "blocked" || state == "deferred") {
      out["code"] = waits->value("code", "none");
      if (const std::string error = waits->value("last_error", ""); !error.empty())
        out["last_error"] = error;
    }
  }
  return out;
}

bool may_change(Action action, store::Status status) {
  switch (action) {
    case Action::hold:
      return status == store::Status::pending;
    case Action::release:
      return status == store::Status::held;
    case Action::extend:
      return status == store::Status::pending || status == store::Status::held;
    case Action::resubmit:
      return status == store::Status::expired || status == store::Status::failed ||
             status == store::Status::delivered;
    case Action::give_back:
      break;  // return_mail() decides
  }
  return false;
}

std::string_view event_of(Action action) {
  switch (action) {
    case Action::hold:
      return "queue.hold";
    case Action::release:
      return "queue.release";
    case Action::give_back:
      break;  // return_mail() tells
    case Action::extend:
      return "queue.extend";
    case Action::resubmit:
      return "queue.resubmit";
  }
  return "queue.hold";
}

struct Prepared {
  store::Batch batch;
  std::vector<std::string> poke;
  std::size_t messages = 0, recipients = 0;
};

// The recipients of one message that the action may change, marked.
void prepare_message(const policy::Config& config, Action action,
                     const store::TracedMessage& traced, std::optional<Time> until,
                     const std::string& by, Time now, Prepared& out) {
  store::StoredMessage chosen;
  chosen.facts = traced.message.facts;
  for (const store::RecipientState& recipient : traced.message.recipients) {
    if (may_change(action, recipient.status)) chosen.recipients.push_back(recipient);
  }
  if (chosen.recipients.empty() || (action == Action::resubmit && !traced.body_available)) return;
  ++out.messages;
  out.recipients += chosen.recipients.size();
  const MessageId id = chosen.facts.id;
  Json data = Json::object();
  data["by"] = by;
  if (action == Action::extend || action == Action::resubmit) {
    const Time limit = until ? *until : now + config.queue.lifetime;
    out.batch.extend.emplace_back(id, format_rfc3339(limit));
    data["until"] = format_rfc3339(limit);
  }
  if (action != Action::extend) {
    for (const store::RecipientState& recipient : chosen.recipients) {
      store::Change change;
      change.message = id;
      change.recipient = recipient.index;
      change.only_from = recipient.status;
      change.status = action == Action::hold ? store::Status::held : store::Status::pending;
      change.code = recipient.code;
      change.last_error = recipient.last_error;
      out.batch.changes.push_back(std::move(change));
      if (action != Action::hold) out.poke.push_back(recipient.destination);
    }
  }
  out.batch.events.push_back(make_event(id, -1, now, std::string(event_of(action)), data));
}

Result<Prepared> prepare(const Context& context, const policy::Config& config, Action action,
                         Selector selector, std::optional<Time> until, const std::string& by,
                         Time now) {
  Prepared out;
  TRY(const std::vector<store::TracedMessage> found,
      select_messages(context.store, std::move(selector)));
  for (const store::TracedMessage& message : found)
    prepare_message(config, action, message, until, by, now, out);
  return out;
}

// The scheduler's words for the destinations of these messages.
Views views_for(Scheduler& scheduler, const std::set<std::string>& destinations) {
  Views out;
  for (const std::string& key : destinations)
    out.emplace_back(key, scheduler.destination_view(key));
  return out;
}

std::set<std::string> pending_destinations(const std::vector<store::TracedMessage>& messages) {
  std::set<std::string> out;
  for (const store::TracedMessage& message : messages) {
    for (const store::RecipientState& recipient : message.message.recipients) {
      if (recipient.status == store::Status::pending) out.insert(recipient.destination);
    }
  }
  return out;
}

bool has_code(const Json& message, const std::string& code) {
  return std::ranges::any_of(message["recipients"],
                             [&](const Json& r) { return r.value("code", "") == code; });
}

}  // namespace

Json message_json(const store::TracedMessage& message, const Views& destination_views) {
  const store::MessageFacts& facts = message.message.facts;
  Json out = Json::object();
  out["id"] = facts.id.str();
  out["message_id"] = facts.message_id;
  out["sender"] = facts.reverse_path.str();
  out["arrival"] = format_rfc3339(facts.arrival);
  out["size"] = facts.size;
  out["subject"] = printable(facts.subject);
  out["connector"] = facts.connector;
  out["client"] = facts.client;
  if (!facts.expire_at.empty()) out["expires"] = facts.expire_at;
  out["body_available"] = message.body_available;
  Json recipients = Json::array();
  for (const store::RecipientState& recipient : message.message.recipients) {
    recipients.push_back(
        recipient_json(message, recipient, view_of(destination_views, recipient.destination)));
  }
  out["recipients"] = std::move(recipients);
  return out;
}

io::Task<Result<Json>> Control::queue() {
  store::Store* store = &gateway_.context().store;
  auto read = [store] { return store->destinations(); };
  CO_TRY(const std::vector<store::DestinationCount> counts,
         co_await io::run_blocking(gateway_.context().runtime, read));
  Scheduler* scheduler = &gateway_.scheduler();
  auto view = [scheduler, counts] { return scheduler->view(counts); };
  co_return co_await io::call_on(gateway_.context().runtime.main(), view);
}

io::Task<Result<Json>> Control::trace(store::TraceFilter filter) {
  // A waiting message's code is its destination's, which the store does not know: it is compared
  // after the join.
  const std::string code = std::exchange(filter.code, "");
  const std::size_t limit = filter.limit;
  if (!code.empty()) filter.limit = kMaxChanged;
  store::Store* store = &gateway_.context().store;
  auto read = [store, filter] { return store->trace(filter); };
  CO_TRY(const std::vector<store::TracedMessage> found,
         co_await io::run_blocking(gateway_.context().runtime, read));
  Scheduler* scheduler = &gateway_.scheduler();
  auto ask = [scheduler, keys = pending_destinations(found)] {
    return views_for(*scheduler, keys);
  };
  const Views views = co_await io::call_on(gateway_.context().runtime.main(), ask);
  Json messages = Json::array();
  for (const store::TracedMessage& message : found) {
    Json row = message_json(message, views);
    if (!code.empty() && !has_code(row, code)) continue;
    if (messages.size() >= limit) break;
    messages.push_back(std::move(row));
  }
  Json out = Json::object();
  out["messages"] = std::move(messages);
  co_return out;
}

io::Task<Result<Json>> Control::message(MessageId id) {
  store::TraceFilter filter;
  filter.message_id = id.str();
  filter.limit = 1;
  CO_TRY(const Json found, co_await trace(filter));
  if (found["messages"].empty()) co_return invalid("no message " + id.str());
  co_return Json(found["messages"][0]);
}

io::Task<Result<Json>> Control::verdict(VerdictId id) {
  store::Store* store = &gateway_.context().store;
  auto read = [store, id] { return store->verdict(id); };
  CO_TRY(const std::optional<store::StoredVerdict> stored,
         co_await io::run_blocking(gateway_.context().runtime, read));
  if (!stored) co_return invalid("no verdict " + id.str());
  Json out = Json::object();
  CO_TRY(out["verdict"], parse_json(stored->json));
  if (!stored->evidence_json.empty()) {
    CO_TRY(out["evidence"], parse_json(stored->evidence_json));
  }
  co_return out;
}

io::Task<Result<Json>> Control::retry(std::string destination) {
  Scheduler* scheduler = &gateway_.scheduler();
  auto work = [scheduler, destination] { return scheduler->retry_now(destination); };
  const std::size_t count = co_await io::call_on(gateway_.context().runtime.main(), work);
  if (count == 0 && !destination.empty())
    co_return invalid("nothing waits for '" + destination + "'; see postern queue");
  Json out = Json::object();
  out["destinations"] = count;
  co_return out;
}

io::Task<Result<Json>> Control::change(Action action, Selector selector, std::optional<Time> until,
                                       std::string by) {
  Context* context = &gateway_.context();
  if (action == Action::give_back)
    co_return co_await return_mail(*context, gateway_.scheduler(), std::move(selector),
                                   std::move(by));
  const std::shared_ptr<const Snapshot> snapshot = context->snapshot();
  const Time now = context->clock.now();
  if (until && *until <= now)
    co_return invalid(format_rfc3339(*until) + " is past; name a time to come");
  auto work = [context, snapshot, action, selector, until, by, now] {
    return prepare(*context, *snapshot->config, action, selector, until, by, now);
  };
  CO_TRY(Prepared prepared, co_await io::run_blocking(context->runtime, work));
  Json out = Json::object();
  out["messages"] = prepared.messages;
  out["recipients"] = prepared.recipients;
  if (prepared.messages == 0) co_return out;
  const std::vector<std::string> poke = prepared.poke;
  CO_TRY_VOID(co_await store_apply(*context, std::move(prepared.batch)));
  gateway_.scheduler().poke(poke);
  co_return out;
}

io::Task<Result<Json>> Control::allow(std::string blocker, verdict::PolicyException exception) {
  if (verdict::find_catalog_entry(exception.accept) == nullptr) {
    co_return invalid("'" + exception.accept + "' is no code; postern docs verdicts lists them");
  }
  if (exception.until <= gateway_.context().clock.now())
    co_return invalid("the exception's end is past");
  if (exception.why.empty() || exception.by.empty())
    co_return invalid("an exception needs --why and --by: it is recorded");
  Scheduler* scheduler = &gateway_.scheduler();
  auto work = [scheduler, blocker, exception]() -> Result<Json> {
    const std::optional<std::string> key = scheduler->destination_of_blocker(blocker);
    if (!key) return invalid("no blocker '" + blocker + "'; see postern queue");
    scheduler->add_exception({*key, exception});
    Json out = Json::object();
    out["destination"] = *key;
    out["accept"] = exception.accept;
    out["until"] = format_rfc3339(exception.until);
    return out;
  };
  co_return co_await io::call_on(gateway_.context().runtime.main(), work);
}

io::Task<Result<Json>> Control::reload() {
  const io::Promise<Result<void>> promise;
  gateway_.reload([promise](const Result<void>& done) { promise.set(done); });
  const Result<void> done = co_await promise.get();
  if (!done) co_return std::unexpected(done.error());
  Json out = Json::object();
  out["reload"] = "done";
  co_return out;
}

io::Task<Result<Json>> Control::status() {
  Context& context = gateway_.context();
  const std::shared_ptr<const Snapshot> snapshot = context.snapshot();
  CO_TRY(const Json queue, co_await this->queue());
  Reception* reception = &gateway_.reception();
  auto ask = [reception] { return std::pair(reception->describe(), reception->sessions()); };
  const std::pair<std::vector<std::string>, std::size_t> listening =
      co_await io::call_on(context.runtime.main(), ask);
  const Gateway::Health health = gateway_.health();
  const Time now = context.clock.now();

  Json out = Json::object();
  std::vector<std::string> problems = health.problems;
  if (!health.refused_reload.empty())
    problems.push_back("configuration refused: " + health.refused_reload);
  Json certificates = Json::array();
  for (const policy::LoadedCertificate& certificate : snapshot->materials->certificates) {
    Json row = Json::object();
    row["name"] = certificate.name;
    if (!certificate.chain.empty()) {
      row["subject"] = certificate.chain.front().subject();
      row["not_after"] = format_rfc3339(certificate.chain.front().not_after());
      const Duration left = certificate.chain.front().not_after() - now;
      const bool expired = left < Duration::zero();
      row["expires_in"] = expired ? "expired" : format_duration(left);
      if (due_warning(snapshot->config->alert.expiry_warnings, left)) {
        problems.push_back("certificate " + certificate.name +
                           (expired ? " expired " + format_duration(-left) + " ago"
                                    : " expires in " + format_duration(left)));
      }
    }
    if (!certificate.problem.empty()) row["problem"] = certificate.problem;
    certificates.push_back(std::move(row));
  }
  store::Store* const store = &context.store;
  auto ask_space = [store] { return store->free_space(); };
  const std::uint64_t free = co_await io::run_blocking(context.runtime, ask_space);
  const bool full = free < snapshot->config->server.min_free_space;
  if (full) problems.push_back("low disk: new mail is refused");
  const std::size_t blockers = queue["blockers"].size();
  // 0: all well; 1: mail waits behind a blocker, or something wants attention; 2: mail is refused.
  out["state"] = full ? 2 : blockers != 0 || !problems.empty() ? 1 : 0;
  out["started"] = format_rfc3339(health.started);
  out["last_reload"] = format_rfc3339(health.last_reload);
  out["configuration"] = snapshot->config->file;
  out["hostname"] = snapshot->config->server.hostname;
  out["listeners"] = listening.first;
  out["receive_sessions"] = listening.second;
  out["free_space"] = free;
  out["certificates"] = std::move(certificates);
  out["problems"] = problems;
  out["queue"] = queue;
  co_return out;
}

}  // namespace postern::relay
