// ESMTP parameters of MAIL and RCPT: only those that are offered, each once, each checked. Internal
// to smtp. Source: RFC 5321 s4.1.2 (Mail-parameters), and the extensions named in command.h.
#pragma once

#include <optional>
#include <string_view>

#include "mail/reply.h"
#include "smtp/command.h"

namespace postern::smtp {

// `text` is what follows the path. nullopt: all taken into `out`; else the refusal (501, 555).
[[nodiscard]] std::optional<mail::Reply> parse_mail_parameters(std::string_view text,
                                                               bool extensions, MailArgument& out);
[[nodiscard]] std::optional<mail::Reply> parse_rcpt_parameters(std::string_view text,
                                                               const CommandContext& context,
                                                               RcptArgument& out);

}  // namespace postern::smtp
