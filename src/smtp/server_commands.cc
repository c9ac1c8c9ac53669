// What each command does: order of commands (RFC 5321 s4.1.4), the extensions offered, the limits
// of s4.5.3.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "smtp/server_state.h"

namespace postern::smtp {

using mail::EnhancedCode;
using mail::Reply;

namespace {

Reply ok(std::string text) {
  return Reply(250, EnhancedCode{2, 0, 0}, std::move(text));
}
Reply bad_sequence(std::string text) {
  return Reply(503, EnhancedCode{5, 5, 1}, std::move(text));
}
Reply too_big() {
  return Reply(552, EnhancedCode{5, 3, 4}, "Message size exceeds fixed limit");
}

// RFC 3207 s4 lets these be said in the clear; they reveal and change nothing.
bool allowed_without_tls(Verb verb) {
  return verb != Verb::mail && verb != Verb::rcpt && verb != Verb::data && verb != Verb::bdat &&
         verb != Verb::expn;
}

}  // namespace

void ServerSession::State::run_line(std::string_view line) {
  if (options.on_command) options.on_command(line);
  const CommandContext context{esmtp, transaction && transaction->envelope.smtputf8};
  Command command = parse_command(line, context);
  if (command.verb == Verb::http) {
    // A browser made to speak to us: the lines behind are commands of a web page's author.
    refuse_and_close(Reply(554, EnhancedCode{5, 5, 1}, "This is an SMTP server, not HTTP"));
    return;
  }
  if (refuse_flood(command)) return;
  run(command);
}

// Commands that get nobody anywhere are counted; an accepted message sets the count back.
bool ServerSession::State::refuse_flood(const Command& command) {
  const bool progress = transaction && (command.verb == Verb::rcpt || command.verb == Verb::data ||
                                        command.verb == Verb::bdat);
  if (!progress && command.verb != Verb::quit) ++idle_commands;
  if (idle_commands <= kMaxIdleCommands) return false;
  refuse_and_close(
      Reply(421, EnhancedCode{4, 7, 0}, closing_text("Too many commands without a message")));
  return true;
}

void ServerSession::State::bad_command(const Reply& reply) {
  if (++bad_commands <= kMaxBadCommands) {
    write(reply);
    return;
  }
  refuse_and_close(Reply(421, EnhancedCode{4, 7, 0}, closing_text("Too many bad commands")));
}

bool ServerSession::State::refuse_without_tls(const Command& command) {
  if (!options.tls_required || tls || allowed_without_tls(command.verb)) return false;
  const auto* bdat = std::get_if<BdatArgument>(&command.argument);
  if (command.verb == Verb::bdat && !bdat) return false;  // run_bdat ends the session
  const Reply refusal =
      options.exchange_starttls_reply
          ? Reply::exchange_starttls_required()
          : Reply(530, EnhancedCode{5, 7, 0}, "Must issue a STARTTLS command first");
  if (bdat) {
    chunk = {bdat->octets, bdat->octets, bdat->last, {}};
    skip_chunk(refusal);
  } else {
    write(refusal);
  }
  return true;
}

void ServerSession::State::run(Command& command) {
  if (refuse_without_tls(command)) return;
  switch (command.verb) {
    case Verb::mail:
      return run_mail(command);
    case Verb::rcpt:
      return run_rcpt(command);
    case Verb::data:
      return run_data(command);
    case Verb::bdat:
      return run_bdat(command);
    case Verb::starttls:
      return run_starttls(command);
    default:
      break;
  }
  if (command.malformed) return bad_command(*command.malformed);
  switch (command.verb) {
    case Verb::helo:
    case Verb::ehlo:
      return run_hello(std::get<HelloArgument>(command.argument), command.verb == Verb::ehlo);
    case Verb::rset:
      reset_transaction();
      return write(ok("Reset"));
    case Verb::noop:
      return write(ok("OK"));
    case Verb::vrfy:  // RFC 5321 s3.5.3
      return write(
          Reply(252, EnhancedCode{2, 1, 5}, "Cannot VRFY user, but will take mail for it"));
    case Verb::help:
      return write(Reply(214, EnhancedCode{2, 0, 0}, "See RFC 5321"));
    case Verb::quit:
      reset_transaction();
      return refuse_and_close(
          Reply(221, EnhancedCode{2, 0, 0}, options.fqdn + " closing connection"));
    default:  // EXPN, AUTH, ETRN...
      return bad_command(Reply(502, EnhancedCode{5, 5, 1}, "Command not implemented"));
  }
}

void ServerSession::State::run_hello(const HelloArgument& argument, bool extended) {
  reset_transaction();  // RFC 5321 s4.1.4
  last_mail_refused = false;
  helo = printable(argument.name, kMaxHelloOctets);
  esmtp = extended;
  if (!extended) return write(Reply(250, options.fqdn));
  std::vector<std::string> lines = {
      options.fqdn, "PIPELINING", "SIZE " + std::to_string(options.max_message_size),
      "8BITMIME",   "SMTPUTF8",   "ENHANCEDSTATUSCODES",
      "DSN",        "CHUNKING"};
  if (options.offer_starttls && !tls) lines.emplace_back("STARTTLS");
  write(Reply::multiline(250, std::move(lines)));
}

void ServerSession::State::run_starttls(const Command& command) {
  if (command.malformed) return bad_command(*command.malformed);
  if (tls) return bad_command(bad_sequence("TLS is already on"));
  if (!options.offer_starttls) {
    return bad_command(Reply(502, EnhancedCode{5, 5, 1}, "STARTTLS is not offered"));
  }
  if (!esmtp) return bad_command(bad_sequence("Say EHLO first"));
  reset_transaction();
  write(Reply(220, EnhancedCode{2, 0, 0}, "Ready to start TLS"));
  actions.emplace_back(StartTls{});
  phase = Phase::tls;
}

void ServerSession::State::run_mail(Command& command) {
  if (helo.empty()) return bad_command(bad_sequence("Say EHLO or HELO first"));
  if (transaction) return bad_command(bad_sequence("One sender at a time; RSET starts anew"));
  if (command.malformed) {
    last_mail_refused = true;
    return bad_command(*command.malformed);
  }
  if (messages >= options.max_messages) {
    return refuse_and_close(
        Reply(421, EnhancedCode{4, 7, 0}, closing_text("Too many messages in one session")));
  }
  auto& argument = std::get<MailArgument>(command.argument);
  if (argument.size > options.max_message_size) {  // RFC 1870 s6.1; false without SIZE
    last_mail_refused = true;
    return write(too_big());
  }
  transaction.emplace();
  mail::Envelope& envelope = transaction->envelope;
  envelope.reverse_path = std::move(argument.reverse_path);
  envelope.body = argument.body;
  envelope.smtputf8 = argument.smtputf8;
  envelope.ret = argument.ret;
  envelope.envid = std::move(argument.envid);
  envelope.declared_size = argument.size;
  actions.emplace_back(DecideMail{envelope.reverse_path, envelope.declared_size});
  phase = Phase::decide_mail;
}

void ServerSession::State::decided_mail(const Reply& reply) {
  if (reply.code() == 421) return refuse_and_close(reply);
  last_mail_refused = !reply.positive();
  if (last_mail_refused) reset_transaction();
  write(reply);
  ready();
}

void ServerSession::State::run_rcpt(Command& command) {
  if (!transaction) {
    const Reply refusal = bad_sequence("MAIL first");
    return last_mail_refused ? write(refusal) : bad_command(refusal);
  }
  if (transaction->bdat) return bad_command(bad_sequence("The message has begun"));
  if (command.malformed) return bad_command(*command.malformed);
  const auto& recipients = transaction->envelope.recipients;
  mail::Recipient& recipient = std::get<RcptArgument>(command.argument).recipient;
  const auto same = [&](const mail::Recipient& r) { return r.mailbox == recipient.mailbox; };
  if (std::any_of(recipients.begin(), recipients.end(), same)) {
    return write(Reply(250, EnhancedCode{2, 1, 5}, "Recipient OK (given before)"));
  }
  if (recipients.size() >= options.max_recipients) {  // RFC 5321 s4.5.3.1.10
    return write(Reply(452, EnhancedCode{4, 5, 3}, "Too many recipients"));
  }
  undecided = recipient;
  actions.emplace_back(DecideRecipient{std::move(recipient)});
  phase = Phase::decide_rcpt;
}

void ServerSession::State::decided_recipient(const Reply& reply) {
  if (reply.code() == 421) return refuse_and_close(reply);
  if (reply.positive()) {
    transaction->envelope.recipients.push_back(std::move(*undecided));
  } else {
    ++idle_commands;  // guessing addresses is no progress either
  }
  undecided.reset();
  write(reply);
  ready();
}

void ServerSession::State::run_data(const Command& command) {
  if (!transaction) {
    const Reply refusal = bad_sequence("MAIL first");
    return last_mail_refused ? write(refusal) : bad_command(refusal);
  }
  if (command.malformed) return bad_command(*command.malformed);
  if (transaction->bdat) return bad_command(bad_sequence("BDAT has begun"));  // RFC 3030 s3
  if (transaction->envelope.recipients.empty()) {
    return write(Reply(554, EnhancedCode{5, 5, 1}, "No valid recipients"));
  }
  actions.emplace_back(BeginBody{transaction->envelope});
  phase = Phase::decide_data;
}

// Whatever is wrong with a BDAT, its octets follow, and must not be read as commands.
void ServerSession::State::run_bdat(Command& command) {
  const auto* argument = std::get_if<BdatArgument>(&command.argument);
  if (!argument) return refuse_and_close(*command.malformed);
  chunk = {argument->octets, argument->octets, argument->last, {}};
  if (command.malformed) return skip_chunk(*command.malformed);
  if (!esmtp) return skip_chunk(bad_sequence("Say EHLO first"));
  if (!transaction) return skip_chunk(bad_sequence("MAIL first"));
  if (transaction->envelope.recipients.empty()) {
    return skip_chunk(Reply(554, EnhancedCode{5, 5, 1}, "No valid recipients"));
  }
  if (++transaction->chunks > kMaxBdatChunks) {
    return skip_chunk(Reply(552, EnhancedCode{5, 3, 4}, "Too many chunks"));
  }
  const std::uint64_t seen = transaction->decoder ? transaction->decoder->octets() : 0;
  if (chunk.octets > options.max_message_size - seen) return skip_chunk(too_big());
  if (transaction->bdat) {
    phase = Phase::chunk;
    if (chunk.left == 0) end_chunk();
    return;
  }
  transaction->bdat = true;
  actions.emplace_back(BeginBody{transaction->envelope});
  phase = Phase::decide_chunk;
}

}  // namespace postern::smtp
