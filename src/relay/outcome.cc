#include "relay/outcome.h"

#include "base/text.h"
#include "verdict/catalog.h"
#include "verdict/reply_words.h"

namespace postern::relay {
namespace {

// Codes for which administrators know Exchange's words (451 5.7.3 / 454 4.7.5) as the inner text of
// last_error.
std::string inner_words(const verdict::Verdict& verdict, const verdict::Evidence& evidence) {
  if (evidence.smtp.refusal) return evidence.smtp.refusal->str();
  if (verdict.code == "starttls-rejected" && evidence.smtp.starttls_reply)
    return evidence.smtp.starttls_reply->str();
  if (verdict.code == "starttls-not-offered" || verdict.code == "starttls-stripped-by-middlebox") {
    return "451 5.7.3 STARTTLS is required to send mail";
  }
  if (verdict.code == "tlscertificatename-stale") {
    return "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could "
           "not be found";
  }
  if (verdict.layer.starts_with("certificate") || verdict.layer == "revocation" ||
      verdict.layer == "selection-binding" || verdict.layer == "tls-handshake") {
    return "454 4.7.5 Certificate validation failure: " + verdict.code +
           (verdict.cause.empty() ? "" : ": " + verdict.cause);
  }
  if (!evidence.error.empty()) return "421 4.4.1 " + evidence.error;
  return "421 4.4.1 " + verdict.code + (verdict.cause.empty() ? "" : ": " + verdict.cause);
}

bool demands_tls(const mail::Reply& reply) {
  const std::string text = lower(reply.str());
  return (reply.code() == 530 || reply.code() == 451 || reply.code() == 554) &&
         text.find("starttls command") != std::string::npos;
}

mail::EnhancedCode status_of(const mail::Reply& reply) {
  if (reply.enhanced()) return *reply.enhanced();
  return {reply.code() / 100 == 5 ? 5 : 4, 0, 0};
}

// What a temporary refusal speaks of. To MAIL: the sender's address or domain (x.1.x, x.7.x) is
// this message's matter; anything else (busy, full, no word) is the host's.
Scope temporary_scope(const mail::Reply& reply, Said said) {
  if (reply.code() == 421) return Scope::session;  // it is closing (RFC 5321 s3.8)
  if (said == Said::rcpt) return Scope::recipient;
  if (said == Said::data) return Scope::message;
  const bool about_sender =
      reply.enhanced() && (reply.enhanced()->subject == 1 || reply.enhanced()->subject == 7);
  return about_sender ? Scope::message : Scope::host;
}

Outcome from_reply(const mail::Reply& reply, Said said, std::string explanation) {
  Outcome outcome;
  outcome.remote = reply;
  outcome.said = said;
  outcome.last_error = wrap_last_error(reply.str());
  outcome.status = status_of(reply);
  outcome.explanation = std::move(explanation);
  outcome.scope = Scope::session;
  if (said == Said::mail && demands_tls(reply)) {
    outcome.kind = Kind::blocked;
    outcome.code = "tls-required-not-used-by-sender";
    return outcome;
  }
  if (verdict::attributes_by_certificate(reply) ||
      (said == Said::mail && verdict::names_client_certificate(reply))) {
    outcome.kind = Kind::blocked;
    outcome.code = "client-certificate-not-accepted";
    return outcome;
  }
  return ordinary_refusal(std::move(outcome));
}

Outcome lost(const std::string& words) {
  Outcome outcome;
  outcome.scope = Scope::session;
  outcome.kind = Kind::temporary;
  outcome.code = "connection-lost";
  outcome.status = {4, 4, 2};
  outcome.last_error =
      wrap_last_error("421 4.4.2 " + (words.empty() ? std::string("connection lost") : words));
  outcome.explanation = "The connection to the recipient's mail server broke off.";
  return outcome;
}

Outcome delivered(const mail::Reply& reply) {
  Outcome outcome;
  outcome.scope = Scope::message;
  outcome.kind = Kind::delivered;
  outcome.remote = reply;
  outcome.status = {2, 0, 0};
  return outcome;
}

}  // namespace

std::string wrap_last_error(std::string_view inner) {
  return "451 4.4.0 Primary target IP address responded with: \"" + printable(inner) + "\"";
}

Outcome session_outcome(const verdict::Verdict& verdict, const verdict::Evidence& evidence) {
  Outcome outcome;
  outcome.scope = Scope::session;
  // Clean under its policy, and yet no session came of it: the connection broke.
  outcome.code = verdict.ok ? "connection-lost" : verdict.code;
  const verdict::CatalogEntry* entry = verdict::find_catalog_entry(outcome.code);
  outcome.kind = entry != nullptr && entry->blocks ? Kind::blocked : Kind::temporary;
  outcome.status = entry != nullptr ? entry->status : mail::EnhancedCode{4, 4, 0};
  outcome.remote = evidence.smtp.refusal;
  outcome.last_error = wrap_last_error(inner_words(verdict, evidence));
  outcome.explanation = verdict.cause;
  return outcome;
}

Outcome target_outcome(const std::string& code, const std::string& problem, bool permanent) {
  Outcome outcome;
  outcome.scope = Scope::session;
  outcome.kind = permanent ? Kind::permanent : Kind::temporary;
  outcome.code = code;
  if (const verdict::CatalogEntry* entry = verdict::find_catalog_entry(code))
    outcome.status = entry->status;
  // The class follows what happens now: the same DNS trouble may be for good or for a while.
  outcome.status.status_class = permanent ? 5 : 4;
  outcome.last_error =
      (permanent ? "554 " : "451 ") + outcome.status.str() + " " + printable(problem);
  outcome.explanation = problem;
  return outcome;
}

std::vector<Outcome> transaction_outcomes(const smtp::TransactionDone& done, std::size_t recipients,
                                          const std::string& lost_words) {
  if (!done.mail) return std::vector<Outcome>(recipients, lost(lost_words));
  if (!done.mail->positive()) {
    return std::vector<Outcome>(
        recipients,
        from_reply(*done.mail, Said::mail,
                   "The recipient's mail server refused the sender: " + done.mail->str()));
  }
  std::vector<Outcome> out;
  for (std::size_t i = 0; i < recipients; ++i) {
    const std::optional<mail::Reply> reply =
        i < done.recipients.size() ? done.recipients[i] : std::nullopt;
    if (!reply) {
      out.push_back(lost(lost_words));
    } else if (!reply->positive()) {
      out.push_back(
          from_reply(*reply, Said::rcpt,
                     "The recipient's mail server refused the recipient: " + reply->str()));
    } else if (done.final) {
      out.push_back(done.final->positive()
                        ? delivered(*done.final)
                        : from_reply(*done.final, Said::data,
                                     "The recipient's mail server refused the message: " +
                                         done.final->str()));
    } else if (done.data && done.data->negative()) {
      out.push_back(
          from_reply(*done.data, Said::data,
                     "The recipient's mail server refused the message: " + done.data->str()));
    } else {
      out.push_back(lost(lost_words));
    }
  }
  return out;
}

// A 5yz is for good, whatever its words (RFC 5321 s4.2.1).
Outcome ordinary_refusal(Outcome outcome) {
  if (!outcome.remote || !outcome.said) return outcome;
  const mail::Reply& reply = *outcome.remote;
  const Said said = *outcome.said;
  outcome.code = "not-tls";
  outcome.kind = reply.permanent() ? Kind::permanent : Kind::temporary;
  outcome.scope = reply.permanent() ? (said == Said::rcpt ? Scope::recipient : Scope::message)
                                    : temporary_scope(reply, said);
  return outcome;
}

std::optional<Outcome> session_level(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    if (outcome.kind == Kind::delivered || outcome.kind == Kind::permanent) continue;
    if (outcome.scope == Scope::session || outcome.scope == Scope::host) return outcome;
  }
  return std::nullopt;
}

}  // namespace postern::relay
