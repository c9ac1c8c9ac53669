// One SMTP submission in clear text, as an application on this host would make it: what `postern
// send` puts into the gateway.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "io/executor.h"
#include "mail/envelope.h"
#include "policy/config.h"

namespace postern::cli {

struct Draft {
  mail::Mailbox from;
  std::vector<mail::Mailbox> to;
  std::string subject, body;  // UTF-8, any line ends
  std::string hostname;       // of the Message-ID
};
// The message as it goes on the wire, but for dot-stuffing: header fields, CRLF lines. `number`
// makes the Message-IDs of one command differ.
[[nodiscard]] std::string compose(const Draft& draft, Time now, unsigned number);
// CRLF, whatever the line ends were: a message from a file.
[[nodiscard]] std::string with_crlf(std::string_view text);

struct Submission {
  policy::Endpoint server;  // host: a textual IP
  std::string helo;
  mail::Mailbox from;
  std::vector<mail::Mailbox> to;
  std::vector<std::string> messages;  // octets, CRLF lines
};
struct Submitted {
  std::string reply;                 // to the end of data: "250 2.6.0 <ID> Queued for delivery"
  MessageId id;                      // as found in the reply; none where the server is not Postern
  std::vector<std::string> refused;  // recipients with their replies
};
// One session, one transaction a message. Errors: invalid, with the server's reply, at the first
// message that nobody gets.
[[nodiscard]] io::Task<Result<std::vector<Submitted>>> submit(io::Executor executor,
                                                              Submission submission);

// The id in Postern's reply to a message it took; none: not such a reply.
[[nodiscard]] MessageId id_in_reply(std::string_view reply);

}  // namespace postern::cli
