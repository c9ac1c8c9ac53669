// Dialogues as they stand in logs and pastes become Evidence, and judge says what a client that
// wants TLS makes of them: the same judgement as that of the gateway itself.
#include "base/text.h"
#include "explain/details.h"
#include "explain/phrases.h"
#include "explain/rules/rule.h"
#include "verdict/judge.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

std::optional<mail::Reply> reply_of(const std::string& text) {
  if (text.size() < 3 || !is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2]))
    return std::nullopt;
  const int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  return mail::Reply::from_peer(code, {text.size() > 4 ? text.substr(4) : ""});
}

verdict::Evidence evidence_of(const Observation& o) {
  const SeenDialogue& dialogue = *o.dialogue;
  verdict::Evidence evidence;
  evidence.host = o.counterpart.empty() ? "the server" : o.counterpart;
  evidence.port = 25;
  evidence.stage = verdict::Stage::ehlo;
  evidence.smtp.keywords = dialogue.keywords;
  if (!dialogue.greeting.empty()) evidence.smtp.greeting = reply_of("220 " + dialogue.greeting);
  for (const std::string& keyword : dialogue.keywords) {
    if (keyword == "STARTTLS") evidence.smtp.starttls_offered = true;
  }
  if (!dialogue.starttls_reply.empty()) {
    evidence.smtp.starttls_reply = reply_of(dialogue.starttls_reply);
    evidence.stage = verdict::Stage::starttls;
    if (!dialogue.starttls_reply.starts_with("220")) evidence.stop = verdict::Stop::rejected;
  }
  return evidence;
}

// A dialogue in which nobody came to want TLS says nothing about TLS, unless it ends there.
bool worth_judging(const SeenDialogue& dialogue) {
  return dialogue.starttls_reply.empty() || !dialogue.starttls_reply.starts_with("220");
}

bool of_exchange_online(const SeenDialogue& dialogue) {
  return contains_any(fold(dialogue.greeting), "protection.outlook.com") ||
         (!dialogue.keywords.empty() &&
          contains_any(fold(dialogue.keywords.front()), "protection.outlook.com"));
}

}  // namespace

void apply_dialogues(const Case& seen, Candidates& candidates) {
  verdict::TlsPolicy policy;
  policy.level = verdict::Level::encrypt;
  policy.revocation = verdict::Revocation::off;
  policy.set_by = "a client that wants TLS";
  for (const Sighting* sighting : seen.all(Fact::dialogue)) {
    if (!worth_judging(*sighting->first.dialogue)) continue;
    const verdict::Evidence evidence = evidence_of(sighting->first);
    const verdict::Verdict verdict = verdict::judge(evidence, policy, evidence.time);
    if (verdict.ok || verdict.layer != "smtp") continue;
    const bool masked = verdict.code == "starttls-stripped-by-middlebox";
    // Exchange Online always offers STARTTLS, but not to addresses of bad repute.
    if (verdict.code == "starttls-not-offered" && of_exchange_online(*sighting->first.dialogue)) {
      candidates.add({.code = "ip-blocklisted",
                      .certainty = Certainty::possible,
                      .rank = Rank::refusal,
                      .order = 7,
                      .sentence =
                          "Exchange Online offers STARTTLS to everyone but addresses of bad "
                          "repute, and none is offered here.",
                      .because = {sighting},
                      .rule = "withheld-by-exchange-online"});
    }
    candidates.add({.code = verdict.code,
                    .certainty = masked ? verdict.certainty : Certainty::likely,
                    .rank = masked ? Rank::mechanism : Rank::refusal,
                    .order = masked ? 4 : 6,
                    .sentence = verdict.cause,
                    .because = {sighting},
                    .rule = "dialogue"});
  }
}

}  // namespace postern::explain
