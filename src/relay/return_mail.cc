#include "relay/return_mail.h"

#include <chrono>
#include <set>

#include "base/json.h"
#include "relay/record.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLookAgain = 50ms;  // at messages in flight

bool may_return(store::Status status) {
  return status == store::Status::pending || status == store::Status::held;
}

// Every claim that is needed to return these messages.
std::vector<Claim> claims_of(const std::vector<store::TracedMessage>& messages) {
  std::set<Claim> out;
  for (const store::TracedMessage& message : messages) {
    for (const store::RecipientState& recipient : message.message.recipients) {
      if (may_return(recipient.status))
        out.insert({recipient.destination, message.message.facts.id});
    }
  }
  return {out.begin(), out.end()};
}

struct Reserved {
  std::vector<Claim> ours;
  std::vector<Claim> in_flight;
};

Reserved claim_each(store::Store& store, const std::vector<Claim>& wanted) {
  Reserved out;
  for (const Claim& claim : wanted) {
    (store.claim_one(claim.destination, claim.message) ? out.ours : out.in_flight).push_back(claim);
  }
  return out;
}

// Takes the messages out of every session's reach, waiting a while for those that one has.
io::Task<Reserved> reserve(Context* context, Scheduler* scheduler, std::vector<Claim> wanted) {
  const auto until = std::chrono::steady_clock::now() + kInFlightPatience;
  Reserved out;
  out.in_flight = std::move(wanted);
  while (true) {
    auto withdraw = [scheduler, claims = out.in_flight] { return scheduler->withdraw(claims); };
    const std::vector<Claim> withdrawn = co_await io::call_on(context->runtime.main(), withdraw);
    const std::set<Claim> aside(withdrawn.begin(), withdrawn.end());
    std::erase_if(out.in_flight, [&](const Claim& claim) { return aside.contains(claim); });
    out.ours.insert(out.ours.end(), aside.begin(), aside.end());
    store::Store* store = &context->store;
    auto claim = [store, claims = out.in_flight] { return claim_each(*store, claims); };
    Reserved more = co_await io::run_blocking(context->runtime, claim);
    out.ours.insert(out.ours.end(), more.ours.begin(), more.ours.end());
    out.in_flight = std::move(more.in_flight);
    if (out.in_flight.empty() || std::chrono::steady_clock::now() >= until) co_return out;
    co_await io::sleep_for(kLookAgain);
  }
}

struct Returned {
  store::Batch batch;
  std::vector<std::string> poke;
  std::uint64_t messages = 0, recipients = 0, delivered = 0;
};

void add_message(const Context& context, const policy::Config& config,
                 const store::StoredMessage& message, const std::string& by, Returned& out) {
  Outcome why;
  why.kind = Kind::permanent;
  why.code = message.recipients.front().code;
  why.last_error = message.recipients.front().last_error;
  why.explanation = "The operator of the mail system returned the message without delivering it.";
  Recorded recorded = record_expiry(context.store, config, message, why, "", {"queue.return", by},
                                    context.clock.now());
  ++out.messages;
  out.recipients += message.recipients.size();
  append(out.batch, std::move(recorded.batch));
  out.poke.insert(out.poke.end(), recorded.accepted.begin(), recorded.accepted.end());
}

// What is still to be returned of `messages`, now that the claims are ours. Blocking.
Result<Returned> prepare(const Context& context, const policy::Config& config,
                         const std::vector<store::TracedMessage>& messages,
                         const std::vector<Claim>& claims, const std::string& by) {
  Returned out;
  const std::set<Claim> ours(claims.begin(), claims.end());
  for (const store::TracedMessage& before : messages) {
    const MessageId id = before.message.facts.id;
    TRY(const std::optional<store::TracedMessage> present, context.store.message(id));
    if (!present) continue;
    store::StoredMessage chosen;
    chosen.facts = present->message.facts;
    for (std::size_t i = 0; i < present->message.recipients.size(); ++i) {
      const store::RecipientState& recipient = present->message.recipients[i];
      if (may_return(recipient.status) && ours.contains({recipient.destination, id}))
        chosen.recipients.push_back(recipient);
      if (recipient.status == store::Status::delivered &&
          may_return(before.message.recipients[i].status))
        ++out.delivered;
    }
    if (!chosen.recipients.empty()) add_message(context, config, chosen, by, out);
  }
  return out;
}

std::size_t count_messages(const std::vector<Claim>& claims) {
  std::set<MessageId> out;
  for (const Claim& claim : claims) out.insert(claim.message);
  return out.size();
}

io::Task<Result<Json>> return_reserved(Context* context, Scheduler* scheduler,
                                       std::vector<store::TracedMessage> messages,
                                       std::vector<Claim> ours, std::string by) {
  const std::shared_ptr<const Snapshot> snapshot = context->snapshot();
  auto work = [context, snapshot, messages = std::move(messages), ours, by] {
    return prepare(*context, *snapshot->config, messages, ours, by);
  };
  CO_TRY(Returned returned, co_await io::run_blocking(context->runtime, work));
  Json out = Json::object();
  out["messages"] = returned.messages;
  out["recipients"] = returned.recipients;
  out["delivered"] = returned.delivered;
  if (returned.messages == 0) co_return out;
  CO_TRY_VOID(co_await store_apply(*context, std::move(returned.batch)));
  scheduler->poke(std::move(returned.poke));
  co_return out;
}

}  // namespace

io::Task<Result<Json>> return_mail(Context& context, Scheduler& scheduler, Selector selector,
                                   std::string by) {
  Context* const shared = &context;
  auto select = [shared, selector = std::move(selector)] {
    return select_messages(shared->store, selector);
  };
  CO_TRY(std::vector<store::TracedMessage> messages,
         co_await io::run_blocking(context.runtime, select));
  std::vector<Claim> wanted = claims_of(messages);
  const Reserved reserved = co_await reserve(shared, &scheduler, std::move(wanted));
  Result<Json> out = co_await return_reserved(shared, &scheduler, std::move(messages),
                                              reserved.ours, std::move(by));
  // Whatever became of it: what was not returned is sent.
  std::set<std::string> destinations;
  for (const Claim& claim : reserved.ours) {
    context.store.finish(claim.destination, claim.message);
    destinations.insert(claim.destination);
  }
  scheduler.poke({destinations.begin(), destinations.end()});
  if (out) (*out)["in_flight"] = count_messages(reserved.in_flight);
  co_return out;
}

}  // namespace postern::relay
