// What a server's refusal speaks of: TLS, our certificate, our address. By code, enhanced status
// and the words that servers in the field use; pure.
#pragma once

#include <optional>

#include "mail/reply.h"
#include "verdict/evidence.h"

namespace postern::verdict {

// "530 5.7.0 Must issue a STARTTLS command first" (RFC 3207 s4), in anybody's words.
[[nodiscard]] bool demands_starttls(const mail::Reply& reply);
// Our address is on a list or has a bad name.
[[nodiscard]] bool speaks_of_blocklist(const mail::Reply& reply);
// Words that mean "your certificate": Exchange, Postfix, Exim and Postern say it in the dialogue,
// not in the handshake. For replies to EHLO and MAIL alone: what follows RCPT may quote addresses
// that anybody chose.
[[nodiscard]] bool names_client_certificate(const mail::Reply& reply);
// Exchange Online attributes sessions to tenants by certificate: the enhanced codes by which it
// says that it could not.
[[nodiscard]] bool attributes_by_certificate(const mail::Reply& reply);

// A session that went well to its end, and then the peer said in the transaction that TLS or our
// certificate is not to his liking: the same Evidence with that refusal, to be judged again.
void add_late_refusal(Evidence& evidence, std::optional<mail::Reply> refusal);

}  // namespace postern::verdict
