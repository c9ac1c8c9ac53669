#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "smtp/parameters.h"

namespace postern::smtp {
namespace {

using mail::EnhancedCode;
using mail::Reply;

struct VerbName {
  std::string_view name;
  Verb verb;
};
constexpr std::array kVerbs = {
    VerbName{"HELO", Verb::helo},
    VerbName{"EHLO", Verb::ehlo},
    VerbName{"STARTTLS", Verb::starttls},
    VerbName{"MAIL", Verb::mail},
    VerbName{"RCPT", Verb::rcpt},
    VerbName{"DATA", Verb::data},
    VerbName{"BDAT", Verb::bdat},
    VerbName{"RSET", Verb::rset},
    VerbName{"NOOP", Verb::noop},
    VerbName{"VRFY", Verb::vrfy},
    VerbName{"EXPN", Verb::expn},
    VerbName{"HELP", Verb::help},
    VerbName{"QUIT", Verb::quit},
    VerbName{"AUTH", Verb::not_implemented},
    VerbName{"ETRN", Verb::not_implemented},
    VerbName{"TURN", Verb::not_implemented},
    VerbName{"ATRN", Verb::not_implemented},
    VerbName{"BURL", Verb::not_implemented},
    VerbName{"SEND", Verb::not_implemented},
    VerbName{"SOML", Verb::not_implemented},
    VerbName{"SAML", Verb::not_implemented},
    VerbName{"GET", Verb::http},
    VerbName{"POST", Verb::http},
    VerbName{"PUT", Verb::http},
    VerbName{"HEAD", Verb::http},
    VerbName{"DELETE", Verb::http},
    VerbName{"OPTIONS", Verb::http},
    VerbName{"CONNECT", Verb::http},
    VerbName{"TRACE", Verb::http},
    VerbName{"PATCH", Verb::http},
    VerbName{"PRI", Verb::http},  // the preface of HTTP/2
};

Reply syntax_error(std::string text) {
  return Reply(501, EnhancedCode{5, 5, 4}, std::move(text));
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7F';
}

Verb find_verb(std::string_view word) {
  const auto* const found =
      std::find_if(kVerbs.begin(), kVerbs.end(),
                   [word](const VerbName& entry) { return iequals(entry.name, word); });
  return found == kVerbs.end() ? Verb::unknown : found->verb;
}

// RFC 5321 s4.1.1.1 wants a domain or address literal. Clients say much else, which harms nobody:
// it is only recorded.
Command parse_hello(Verb verb, std::string_view rest) {
  const bool printable_word = !rest.empty() && is_ascii(rest) && rest.find(' ') == rest.npos;
  if (!printable_word || rest.size() > kMaxHelloOctets) {
    return {verb, syntax_error("Say your host name: EHLO host.example"), {}};
  }
  return {verb, {}, HelloArgument{std::string(rest)}};
}

Command parse_bdat(std::string_view rest) {
  const auto words = split(rest, ' ');
  if (rest.empty()) return {Verb::bdat, syntax_error("Syntax: BDAT size [LAST]"), BdatArgument{}};
  // No sign, no hexadecimal, no blanks: another reading of the size is how chunks get smuggled.
  const auto octets = parse_uint(words[0]);
  if (!octets) return {Verb::bdat, syntax_error("Syntax: BDAT size [LAST]"), {}};
  if (words.size() == 1) return {Verb::bdat, {}, BdatArgument{*octets, false}};
  if (words.size() == 2 && iequals(words[1], "LAST")) {
    return {Verb::bdat, {}, BdatArgument{*octets, true}};
  }
  return {Verb::bdat, syntax_error("Syntax: BDAT size [LAST]"), BdatArgument{*octets, false}};
}

// A path in angle brackets at the front of a text, its source route taken off, and what follows.
struct Path {
  std::string_view mailbox;
  std::string_view rest;
};

// The index of the '>' that closes the path, npos where there is none. A quoted local part may hold
// any printable octet.
std::size_t find_path_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '>' && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::optional<Path> take_path(std::string_view text) {
  if (!text.starts_with('<')) return std::nullopt;
  const std::size_t end = find_path_end(text);
  if (end == std::string_view::npos) return std::nullopt;
  Path path{text.substr(1, end - 1), text.substr(end + 1)};
  if (!path.rest.empty() && path.rest.front() != ' ') return std::nullopt;
  // RFC 5321 s4.1.2, appendix F.2: a source route is taken and ignored.
  if (path.mailbox.starts_with('@')) {
    const std::size_t colon = path.mailbox.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    path.mailbox.remove_prefix(colon + 1);
    if (path.mailbox.empty()) return std::nullopt;
  }
  return path;
}

// "FROM:" or "TO:", then the path. Blanks after the colon are wrong and common, and harmless.
std::optional<Path> take_keyword_and_path(std::string_view rest, std::string_view keyword) {
  if (!istarts_with(rest, keyword)) return std::nullopt;
  rest.remove_prefix(keyword.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return take_path(rest);
}

// RFC 6531 s3.5: an address that needs SMTPUTF8 where it was not asked for.
Reply needs_smtputf8() {
  return Reply(553, EnhancedCode{5, 6, 7}, "A mailbox outside ASCII needs SMTPUTF8");
}

Command parse_mail(std::string_view rest, const CommandContext& context) {
  const auto path = take_keyword_and_path(rest, "FROM:");
  if (!path) return {Verb::mail, syntax_error("Syntax: MAIL FROM:<address> [parameters]"), {}};
  MailArgument argument;
  if (auto refusal = parse_mail_parameters(path->rest, context.extensions, argument)) {
    return {Verb::mail, std::move(refusal), {}};
  }
  if (path->mailbox.empty()) return {Verb::mail, {}, std::move(argument)};
  if (!argument.smtputf8 && !is_ascii(path->mailbox)) return {Verb::mail, needs_smtputf8(), {}};
  auto mailbox = mail::parse_mailbox(path->mailbox, argument.smtputf8);
  if (!mailbox || mailbox->domain.empty()) {  // postmaster alone is a recipient only
    return {Verb::mail,
            Reply(501, EnhancedCode{5, 1, 7},
                  "Bad sender address: " +
                      (mailbox ? "no domain" : printable(mailbox.error().detail()))),
            {}};
  }
  argument.reverse_path = std::move(*mailbox);
  return {Verb::mail, {}, std::move(argument)};
}

Command parse_rcpt(std::string_view rest, const CommandContext& context) {
  const auto path = take_keyword_and_path(rest, "TO:");
  if (!path) return {Verb::rcpt, syntax_error("Syntax: RCPT TO:<address> [parameters]"), {}};
  RcptArgument argument;
  if (auto refusal = parse_rcpt_parameters(path->rest, context, argument)) {
    return {Verb::rcpt, std::move(refusal), {}};
  }
  if (!context.smtputf8 && !is_ascii(path->mailbox)) return {Verb::rcpt, needs_smtputf8(), {}};
  auto mailbox = mail::parse_mailbox(path->mailbox, context.smtputf8);
  if (!mailbox) {
    return {Verb::rcpt,
            Reply(501, EnhancedCode{5, 1, 3},
                  "Bad recipient address: " + printable(mailbox.error().detail())),
            {}};
  }
  argument.recipient.mailbox = std::move(*mailbox);
  return {Verb::rcpt, {}, std::move(argument)};
}

// The verbs that take no argument, or any.
Command parse_simple(Verb verb, std::string_view rest) {
  switch (verb) {
    case Verb::data:
    case Verb::rset:
    case Verb::quit:
    case Verb::starttls:  // RFC 3207 s4
      if (!rest.empty()) return {verb, syntax_error("No argument belongs here"), {}};
      break;
    case Verb::vrfy:
    case Verb::expn:
      if (rest.empty()) return {verb, syntax_error("An argument is needed"), {}};
      break;
    default:
      break;
  }
  return {verb, {}, {}};
}

}  // namespace

Command parse_command(std::string_view line, const CommandContext& context) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  if (line.empty()) {
    return {Verb::unknown, Reply(500, EnhancedCode{5, 5, 2}, "Empty command"), {}};
  }
  const std::size_t blank = std::min(line.find(' '), line.size());
  const Verb verb = find_verb(line.substr(0, blank));
  if (std::any_of(line.begin(), line.end(), is_control)) {
    return {verb, Reply(500, EnhancedCode{5, 5, 2}, "Control character in command"), {}};
  }
  std::string_view rest = line.substr(blank);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  switch (verb) {
    case Verb::helo:
    case Verb::ehlo:
      return parse_hello(verb, rest);
    case Verb::mail:
      return parse_mail(rest, context);
    case Verb::rcpt:
      return parse_rcpt(rest, context);
    case Verb::bdat:
      return parse_bdat(rest);
    case Verb::unknown:
      return {verb, Reply(500, EnhancedCode{5, 5, 1}, "Unknown command"), {}};
    default:
      return parse_simple(verb, rest);
  }
}

}  // namespace postern::smtp
