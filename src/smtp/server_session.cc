#include "smtp/server_session.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "smtp/server_state.h"

namespace postern::smtp {

using mail::EnhancedCode;
using mail::Reply;

namespace {

// The first octet of a TLS record that holds a ClientHello (RFC 8446 s5.1); no command starts so.
constexpr char kTlsHandshakeRecord = '\x16';

}  // namespace

// --- input ---

void ServerSession::State::feed(std::string_view octets) {
  if (phase == Phase::closed) return;
  if (phase == Phase::tls) {  // clear text behind STARTTLS: RFC 3207 s4.2, CVE-2011-0411
    close();
    return;
  }
  if (held.empty()) {
    octets.remove_prefix(consume(octets));
    if (phase != Phase::closed) held = octets;
    return;
  }
  held += octets;
  resume();
}

void ServerSession::State::resume() {
  const std::string input = std::exchange(held, {});
  const std::size_t used = consume(input);
  if (phase != Phase::closed) held = input.substr(used);
}

std::size_t ServerSession::State::consume(std::string_view octets) {
  std::size_t used = 0;
  while (used < octets.size() && phase != Phase::closed && !waits()) {
    const std::size_t taken = consume_some(octets.substr(used));
    if (taken == 0) break;
    used += taken;
  }
  return used;
}

std::size_t ServerSession::State::consume_some(std::string_view octets) {
  switch (phase) {
    case Phase::command:
      return consume_line(octets);
    case Phase::skip_line:
      return skip_line(octets);
    case Phase::data:
      return consume_data(octets);
    case Phase::chunk:
      return consume_chunk(octets);
    case Phase::skip_chunk:
      return consume_skipped_chunk(octets);
    default:
      return 0;
  }
}

// One command line with its CR LF. A bare LF ends the session: where one reader sees one line and
// the next one two, commands can be smuggled (RFC 5321 s2.3.8).
std::size_t ServerSession::State::consume_line(std::string_view octets) {
  if (octets.front() == kTlsHandshakeRecord) {
    refuse_and_close(Reply(554, EnhancedCode{5, 5, 1}, "TLS begins after STARTTLS on this port"));
    return octets.size();
  }
  const std::string_view window = octets.substr(0, kMaxCommandOctets);
  const std::size_t lf = window.find('\n');
  if (lf == std::string_view::npos) {
    if (window.size() < kMaxCommandOctets) return 0;
    bad_command(Reply(500, EnhancedCode{5, 5, 2}, "Line too long"));
    if (phase != Phase::command) return octets.size();
    phase = Phase::skip_line;
    skipped = 0;
    // A CR at the end of the window may be half of the line's end.
    return window.back() == '\r' ? window.size() - 1 : window.size();
  }
  if (lf == 0 || window[lf - 1] != '\r') {
    refuse_and_close(Reply(500, EnhancedCode{5, 5, 2}, "A line ends in CR LF, not in a bare LF"));
    return octets.size();
  }
  const bool starttls_before = phase == Phase::tls;
  run_line(window.substr(0, lf - 1));
  if (!starttls_before && phase == Phase::tls && octets.size() > lf + 1) {
    actions.pop_back();  // no handshake: the session ends in its place
    close();
  }
  return lf + 1;
}

std::size_t ServerSession::State::skip_line(std::string_view octets) {
  const std::string_view window = octets.substr(0, kMaxSkippedOctets - skipped);
  const std::size_t end = window.find("\r\n");
  if (end != std::string_view::npos) {
    ready();
    return end + 2;
  }
  if (window.size() == kMaxSkippedOctets - skipped) {
    refuse_and_close(Reply(421, EnhancedCode{4, 7, 0}, closing_text("Line without end")));
    return octets.size();
  }
  const std::size_t taken = window.back() == '\r' ? window.size() - 1 : window.size();
  skipped += taken;
  return taken;
}

bool ServerSession::State::waits() const {
  switch (phase) {
    case Phase::decide_mail:
    case Phase::decide_rcpt:
    case Phase::decide_data:
    case Phase::decide_chunk:
    case Phase::stored:
    case Phase::tls:
      return true;
    default:
      return false;
  }
}

// --- output ---

void ServerSession::State::write(const Reply& reply) {
  write_octets(reply.wire());
}

void ServerSession::State::write_octets(std::string octets) {
  if (!actions.empty()) {
    if (auto* last = std::get_if<Write>(&actions.back())) {
      last->octets += octets;
      return;
    }
  }
  actions.emplace_back(Write{std::move(octets)});
}

void ServerSession::State::refuse_and_close(const Reply& reply) {
  write(reply);
  close();
}

void ServerSession::State::close() {
  reset_transaction();
  actions.emplace_back(Close{});
  phase = Phase::closed;
  held.clear();
}

void ServerSession::State::ready() {
  phase = Phase::command;
  if (!shutting_down) return;
  refuse_and_close(Reply(421, EnhancedCode{4, 3, 2}, closing_text("Service shutting down")));
}

void ServerSession::State::reset_transaction() {
  if (transaction && transaction->decoder && !transaction->aborted) {
    actions.emplace_back(AbortBody{});
  }
  transaction.reset();
  undecided.reset();
}

// RFC 5321 s4.2.3: 421 names the host.
std::string ServerSession::State::closing_text(std::string_view why) const {
  return options.fqdn + " " + std::string(why) + ", closing connection";
}

// --- the session as the driver sees it ---

ServerSession::ServerSession(ServerOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
ServerSession::~ServerSession() = default;
ServerSession::ServerSession(ServerSession&&) noexcept = default;
ServerSession& ServerSession::operator=(ServerSession&&) noexcept = default;

ServerActions ServerSession::on_connect(const std::optional<Reply>& refusal) {
  if (refusal) {
    state_->refuse_and_close(*refusal);
  } else {
    state_->write(Reply(220, state_->options.fqdn + " " + state_->options.banner));
  }
  return state_->take_actions();
}

ServerActions ServerSession::on_bytes(std::string_view octets) {
  state_->feed(octets);
  return state_->take_actions();
}

ServerActions ServerSession::on_tls_ready() {
  State fresh(state_->options);
  fresh.tls = true;
  fresh.shutting_down = state_->shutting_down;
  fresh.bad_commands = state_->bad_commands;
  fresh.messages = state_->messages;
  const bool closed = state_->phase == State::Phase::closed;
  *state_ = std::move(fresh);
  if (closed) state_->phase = State::Phase::closed;
  if (!closed && state_->shutting_down) state_->ready();
  return state_->take_actions();
}

ServerActions ServerSession::on_tls_failed() {
  if (state_->phase != State::Phase::closed) state_->close();
  return state_->take_actions();
}

ServerActions ServerSession::on_decision(const Reply& reply) {
  switch (state_->phase) {
    case State::Phase::decide_mail:
      state_->decided_mail(reply);
      break;
    case State::Phase::decide_rcpt:
      state_->decided_recipient(reply);
      break;
    case State::Phase::decide_data:
      state_->decided_data(reply);
      break;
    case State::Phase::decide_chunk:
      state_->decided_chunk(reply);
      break;
    default:
      return {};
  }
  state_->resume();
  return state_->take_actions();
}

ServerActions ServerSession::on_stored(const Reply& reply) {
  if (state_->phase != State::Phase::stored) return {};
  if (reply.code() == 421) {
    state_->refuse_and_close(reply);
    return state_->take_actions();
  }
  state_->write(reply);
  ++state_->messages;
  if (reply.positive()) state_->bad_commands = 0;
  state_->idle_commands = 0;
  state_->ready();
  state_->resume();
  return state_->take_actions();
}

ServerActions ServerSession::on_timeout() {
  if (state_->phase == State::Phase::closed) return {};
  if (state_->phase == State::Phase::tls) {  // no SMTP in the clear where a handshake is awaited
    state_->close();
    return state_->take_actions();
  }
  state_->reset_transaction();
  state_->refuse_and_close(Reply(421, EnhancedCode{4, 4, 2}, state_->closing_text("Timeout")));
  return state_->take_actions();
}

ServerActions ServerSession::on_shutdown() {
  state_->shutting_down = true;
  if (state_->phase == State::Phase::command) {
    state_->reset_transaction();
    state_->ready();
  }
  return state_->take_actions();
}

ServerWait ServerSession::waiting() const {
  switch (state_->phase) {
    case State::Phase::command:
    case State::Phase::skip_line:
      return ServerWait::command;
    case State::Phase::data:
    case State::Phase::chunk:
    case State::Phase::skip_chunk:
      return ServerWait::body;
    case State::Phase::stored:
      return ServerWait::stored;
    case State::Phase::tls:
      return ServerWait::tls;
    case State::Phase::closed:
      return ServerWait::closed;
    default:
      return ServerWait::decision;
  }
}

bool ServerSession::can_read() const {
  return !state_->waits() || state_->held.size() < kMaxPipelinedOctets;
}
bool ServerSession::tls() const {
  return state_->tls;
}
bool ServerSession::esmtp() const {
  return state_->esmtp;
}
bool ServerSession::smtputf8() const {
  return state_->transaction && state_->transaction->envelope.smtputf8;
}
const std::string& ServerSession::helo() const {
  return state_->helo;
}

}  // namespace postern::smtp
