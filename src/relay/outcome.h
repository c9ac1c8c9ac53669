// The one place that turns a failure into what happens to the queue: its scope, its class, its
// code, its words. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mail/reply.h"
#include "smtp/client_session.h"
#include "verdict/evidence.h"
#include "verdict/verdict.h"

namespace postern::relay {

enum class Scope { session, host, message, recipient };
enum class Kind { delivered, temporary, permanent, blocked };
// Which command of a transaction a reply answers.
enum class Said { mail, rcpt, data };

struct Outcome {
  Scope scope = Scope::recipient;
  Kind kind = Kind::temporary;
  std::string code = "none";  // catalog
  std::string
      last_error;  // wrapped form: 451 4.4.0 Primary target IP address responded with: "..."
  std::optional<mail::Reply> remote;  // the peer's own words
  std::optional<Said> said;           // what they refuse; none: no command of a transaction
  mail::EnhancedCode status;          // for DSNs
  std::string explanation;            // plain words for the sender of the message
};

// The wrapped form of queue and trace. `inner`: the peer's reply or ours ("451 5.7.3 STARTTLS is
// required to send mail").
[[nodiscard]] std::string wrap_last_error(std::string_view inner);

// A session that could not be used for mail: the verdict of the look.
[[nodiscard]] Outcome session_outcome(const verdict::Verdict& verdict,
                                      const verdict::Evidence& evidence);

// No target at all: null MX, no such domain (permanent), DNS failure (temporary), our own host
// (mail-loop, permanent).
[[nodiscard]] Outcome target_outcome(const std::string& code, const std::string& problem,
                                     bool permanent);

// What one transaction came to, per recipient, in the order of the transaction. A missing reply
// (connection lost) is temporary with scope session; 421 at any point likewise; 4xx to MAIL: host,
// or message where it speaks of the sender; to RCPT: recipient; to DATA or the final dot: message.
// 530/5.7.x after TLS that name a missing or refused certificate: blocked, scope session.
[[nodiscard]] std::vector<Outcome> transaction_outcomes(const smtp::TransactionDone& done,
                                                        std::size_t recipients,
                                                        const std::string& lost_words);

// A refusal whose words sound like TLS or certificates, and that is not about them: what any other
// reply with its code to that command means. Others stay as they are.
[[nodiscard]] Outcome ordinary_refusal(Outcome outcome);

// The scope that decides about the session as a whole: session or host when any recipient's outcome
// has it.
[[nodiscard]] std::optional<Outcome> session_level(const std::vector<Outcome>& outcomes);

}  // namespace postern::relay
