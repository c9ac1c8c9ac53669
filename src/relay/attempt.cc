#include "relay/attempt.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "relay/notices.h"

namespace postern::relay {

Duration reply_deadline(const policy::Timeouts& timeouts, smtp::ClientWait wait) {
  switch (wait) {
    case smtp::ClientWait::mail:
      return timeouts.mail;
    case smtp::ClientWait::rcpt:
      return timeouts.rcpt;
    case smtp::ClientWait::data:
      return timeouts.data;
    case smtp::ClientWait::body:
      return timeouts.body_block;
    case smtp::ClientWait::final_dot:
      return timeouts.final_dot;
    default:
      return timeouts.mail;
  }
}

smtp::Transaction transaction_of(const store::StoredMessage& message, std::uint64_t size) {
  smtp::Transaction out;
  out.reverse_path = message.facts.reverse_path;
  for (const store::RecipientState& recipient : message.recipients)
    out.recipients.push_back(recipient.recipient);
  out.size = size;
  out.body = message.facts.body;
  out.smtputf8 = message.facts.smtputf8;
  out.ret = message.facts.ret;
  out.envid = message.facts.envid;
  return out;
}

std::vector<store::StoredMessage> by_transaction(store::StoredMessage message,
                                                 std::size_t max_recipients) {
  std::vector<store::StoredMessage> parts;
  auto from = message.recipients.begin();
  do {
    const auto left = static_cast<std::size_t>(message.recipients.end() - from);
    const auto to = from + static_cast<std::ptrdiff_t>(std::min(left, max_recipients));
    store::StoredMessage& part = parts.emplace_back();
    part.facts = message.facts;
    part.recipients.assign(std::make_move_iterator(from), std::make_move_iterator(to));
    from = to;
  } while (from != message.recipients.end());
  return parts;
}

AfterTransaction after_transaction(const std::vector<Outcome>& outcomes, bool closing,
                                   bool suspect) {
  AfterTransaction after;
  after.failure = session_level(outcomes);
  after.culprit = after.failure && after.failure->kind == Kind::temporary;
  after.steps_aside = after.culprit && suspect;
  after.more = !after.failure && closing;
  after.goes_on = !after.failure && !closing;
  return after;
}

bool is_taken(const std::vector<Outcome>& outcomes) {
  return std::ranges::find(outcomes, Kind::delivered, &Outcome::kind) != outcomes.end();
}

bool is_own_refusal(const std::vector<Outcome>& outcomes, bool trial, bool refused_before,
                    bool others_taken) {
  return is_taken(outcomes) || (!trial && (refused_before || others_taken));
}

bool needs_original(const store::StoredMessage& message, const std::vector<Outcome>& outcomes) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].kind == Kind::permanent) return true;
    if (outcomes[i].kind == Kind::delivered &&
        wants_success_notice(message.facts, message.recipients[i].recipient))
      return true;
  }
  return false;
}

bool next_host_is_tried(const std::optional<Outcome>& failure, bool host_was_usable,
                        bool path_worked) {
  return failure && failure->kind != Kind::permanent && host_was_usable && !path_worked;
}

Outcome drop_outcome(const Result<void>& written) {
  Outcome outcome;
  outcome.scope = written ? Scope::message : Scope::host;
  outcome.kind = written ? Kind::delivered : Kind::temporary;
  outcome.status = written ? mail::EnhancedCode{2, 0, 0} : mail::EnhancedCode{4, 3, 0};
  outcome.code = written ? "none" : "not-tls";
  if (!written) {
    outcome.last_error = "451 4.3.0 " + written.error().what();
    outcome.explanation = "The mail system has trouble with its own disk.";
  }
  return outcome;
}

}  // namespace postern::relay
