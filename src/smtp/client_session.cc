#include "smtp/client_session.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "smtp/client_state.h"

namespace postern::smtp {

using mail::Reply;

namespace {

constexpr int kClosing = 421;  // RFC 5321 s3.8: may come in place of any reply

}  // namespace

// --- input ---

void ClientSession::State::feed(std::string_view octets) {
  // What is read together was sent before anything written now: a reply beyond these is none of
  // ours.
  std::size_t due = owed.size();
  while (!octets.empty() && phase != Phase::closed) {
    if (phase == Phase::tls) {
      return protocol_error("octets between the reply to STARTTLS and the handshake",
                            std::string(octets));
    }
    auto reply = parser.next(octets);
    if (!reply) return protocol_error(reply.error().detail(), parser.line());
    if (!*reply) return;
    ++replies;
    on_reply(std::move(**reply), due > 0);
    if (due > 0) --due;
    if (phase == Phase::tls && !octets.empty()) {
      actions.pop_back();  // no handshake: what stands behind 220 came in the clear
    }
  }
}

bool ClientSession::State::belongs_to_transaction(Owed owed) {
  switch (owed) {
    case Owed::mail:
    case Owed::rcpt:
    case Owed::data:
    case Owed::chunk:
    case Owed::final_dot:
    case Owed::lone_dot:
    case Owed::clear:
      return true;
    default:
      return false;
  }
}

void ClientSession::State::on_reply(Reply reply, bool asked) {
  if (!asked) {
    if (reply.code() == kClosing) {
      if (transaction) return closing(reply, owed.empty() ? Owed::final_dot : owed.front());
      return protocol_error("the server closes the session", reply.str());
    }
    return protocol_error("a reply nobody asked for", reply.str());
  }
  const Owed what = owed.front();
  owed.pop_front();
  if (reply.code() == kClosing && what != Owed::quit) return closing(reply, what);
  if (belongs_to_transaction(what)) {
    on_transaction_reply(what, std::move(reply));
  } else {
    on_session_reply(what, std::move(reply));
  }
  if (phase == Phase::open) pump();
}

void ClientSession::State::on_session_reply(Owed what, Reply reply) {
  switch (what) {
    case Owed::greeting:
      greeted = reply.code() == 220;
      actions.emplace_back(Greeted{std::move(reply)});
      return;
    case Owed::ehlo:
      // RFC 5321 s3.2. Who offered STARTTLS knows EHLO: a refusal over TLS is meant, and HELO would
      // only hide its words.
      if (reply.permanent() && !over_tls) {
        plan(Owed::helo, "HELO " + helo_name + "\r\n");
        return;
      }
      if (reply.positive()) read_capabilities(reply);
      actions.emplace_back(Hello{std::move(reply), capabilities});
      return;
    case Owed::helo:
      actions.emplace_back(Hello{std::move(reply), capabilities});
      return;
    case Owed::starttls:
      if (reply.code() == 220) {
        phase = Phase::tls;
        actions.emplace_back(ClientStartTls{std::move(reply)});
      } else {
        actions.emplace_back(StartTlsRefused{std::move(reply)});
      }
      return;
    case Owed::rset:
      needs_reset = false;
      actions.emplace_back(ResetDone{std::move(reply)});
      return;
    default:  // QUIT: whatever was said, we are going
      phase = Phase::closed;
      actions.emplace_back(QuitDone{});
      return;
  }
}

// 421 answers the command it meets, and nothing comes after it.
void ClientSession::State::closing(const Reply& reply, Owed what) {
  planned.clear();
  owed.clear();
  if (!transaction) {
    on_session_reply(what, reply);
    // HELO in place of a refused EHLO was never sent.
    planned.clear();
    phase = Phase::closed;
    return;
  }
  switch (what) {
    case Owed::clear:
    case Owed::mail:
      transaction->mail = reply;
      break;
    case Owed::rcpt:
      transaction->recipients[transaction->recipients.size() - recipients_owed] = reply;
      break;
    case Owed::data:
    case Owed::chunk:
      if (!transaction->data) transaction->data = reply;
      break;
    default:
      transaction->final = reply;
      break;
  }
  done();
  phase = Phase::closed;
}

void ClientSession::State::read_capabilities(const Reply& reply) {
  capabilities = {};
  capabilities.esmtp = true;
  for (std::size_t i = 1; i < reply.lines().size(); ++i) {
    const std::string_view line = trim(reply.lines()[i]);
    const std::size_t end = std::min(line.find_first_of(" ="), line.size());
    const std::string keyword = upper(line.substr(0, end));
    const std::string_view parameter = trim(line.substr(std::min(end + 1, line.size())));
    capabilities.keywords.push_back(keyword + std::string(line.substr(end)));
    if (keyword == "SIZE") capabilities.size = parse_uint(parameter).value_or(0);
    capabilities.starttls |= keyword == "STARTTLS";
    capabilities.pipelining |= keyword == "PIPELINING";
    capabilities.chunking |= keyword == "CHUNKING";
    capabilities.eight_bit_mime |= keyword == "8BITMIME";
    capabilities.smtputf8 |= keyword == "SMTPUTF8";
    capabilities.dsn |= keyword == "DSN";
    capabilities.enhanced_status |= keyword == "ENHANCEDSTATUSCODES";
    capabilities.binary_mime |= keyword == "BINARYMIME";
  }
}

// --- output ---

void ClientSession::State::plan(Owed what, std::string line) {
  planned.push_back({what, std::move(line)});
}

void ClientSession::State::pump() {
  while (!planned.empty() && (owed.empty() || capabilities.pipelining)) {
    owed.push_back(planned.front().owed);
    write(std::move(planned.front().line));
    planned.pop_front();
  }
}

void ClientSession::State::write(std::string octets) {
  auto* last = actions.empty() ? nullptr : std::get_if<ClientWrite>(&actions.back());
  if (last) {
    last->octets += octets;
  } else {
    actions.emplace_back(ClientWrite{std::move(octets)});
  }
}

void ClientSession::State::protocol_error(std::string what, std::string received) {
  phase = Phase::closed;
  planned.clear();
  owed.clear();
  actions.emplace_back(ProtocolError{std::move(what), printable(received)});
}

// --- the session as the driver sees it ---

ClientSession::ClientSession(std::string helo_name)
    : state_(std::make_unique<State>(std::move(helo_name))) {}
ClientSession::~ClientSession() = default;
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;

ClientActions ClientSession::on_bytes(std::string_view octets) {
  state_->feed(octets);
  return state_->take_actions();
}

ClientActions ClientSession::hello() {
  if (state_->phase != State::Phase::open || !state_->greeted) return {};
  state_->capabilities = {};
  state_->plan(State::Owed::ehlo, "EHLO " + state_->helo_name + "\r\n");
  state_->pump();
  return state_->take_actions();
}

ClientActions ClientSession::starttls() {
  if (state_->phase != State::Phase::open || !state_->capabilities.starttls) return {};
  state_->plan(State::Owed::starttls, "STARTTLS\r\n");
  state_->pump();
  return state_->take_actions();
}

// RFC 3207 s4.2: what was learned in the clear is forgotten.
ClientActions ClientSession::on_tls_ready() {
  if (state_->phase == State::Phase::closed) return {};
  state_->phase = State::Phase::open;
  state_->over_tls = true;
  state_->capabilities = {};
  state_->needs_reset = false;
  return {};
}

ClientActions ClientSession::transaction(const Transaction& transaction, bool use_chunking) {
  if (state_->phase != State::Phase::open) return {};
  state_->begin(transaction, use_chunking);
  return state_->take_actions();
}

ClientActions ClientSession::body(std::string_view octets, bool last) {
  switch (state_->content) {
    case State::Content::none:  // refused meanwhile: TransactionDone comes, or is out
      break;
    case State::Content::dots:
      state_->send_dots(octets, last);
      break;
    case State::Content::chunks:
      state_->send_chunks(octets, last);
      break;
  }
  return state_->take_actions();
}

void ClientSession::abort_body() {
  state_->content = State::Content::none;
  state_->transaction.reset();
  state_->planned.clear();
  state_->owed.clear();
  state_->phase = State::Phase::closed;
}

ClientActions ClientSession::reset() {
  if (state_->phase != State::Phase::open) return {};
  state_->plan(State::Owed::rset, "RSET\r\n");
  state_->pump();
  return state_->take_actions();
}

ClientActions ClientSession::quit() {
  if (state_->phase != State::Phase::open) {
    state_->phase = State::Phase::closed;
    state_->actions.emplace_back(QuitDone{});
    return state_->take_actions();
  }
  state_->plan(State::Owed::quit, "QUIT\r\n");
  state_->pump();
  return state_->take_actions();
}

bool ClientSession::wants_body() const {
  return state_->phase == State::Phase::open && state_->content != State::Content::none &&
         state_->chunks_owed < kMaxChunksInFlight;
}

std::uint64_t ClientSession::replies() const {
  return state_->replies;
}

ClientWait ClientSession::waiting() const {
  if (state_->phase == State::Phase::closed) return ClientWait::closed;
  if (state_->phase == State::Phase::tls) return ClientWait::tls;
  if (state_->content != State::Content::none && wants_body()) return ClientWait::body;
  if (state_->owed.empty()) return ClientWait::idle;
  switch (state_->owed.front()) {
    case State::Owed::greeting:
      return ClientWait::greeting;
    case State::Owed::ehlo:
    case State::Owed::helo:
      return ClientWait::helo;
    case State::Owed::starttls:
      return ClientWait::starttls;
    case State::Owed::clear:
    case State::Owed::rset:
    case State::Owed::mail:
      return ClientWait::mail;
    case State::Owed::rcpt:
      return ClientWait::rcpt;
    case State::Owed::data:
      return ClientWait::data;
    case State::Owed::chunk:
      return ClientWait::body;
    case State::Owed::final_dot:
    case State::Owed::lone_dot:
      return ClientWait::final_dot;
    case State::Owed::quit:
      return ClientWait::quit;
  }
  return ClientWait::idle;
}

const Capabilities& ClientSession::capabilities() const {
  return state_->capabilities;
}

std::string_view to_string(ClientWait wait) {
  switch (wait) {
    case ClientWait::greeting:
      return "greeting";
    case ClientWait::helo:
      return "reply to EHLO";
    case ClientWait::starttls:
      return "reply to STARTTLS";
    case ClientWait::tls:
      return "TLS handshake";
    case ClientWait::idle:
      return "nothing";
    case ClientWait::mail:
      return "reply to MAIL";
    case ClientWait::rcpt:
      return "reply to RCPT";
    case ClientWait::data:
      return "reply to DATA";
    case ClientWait::body:
      return "message content";
    case ClientWait::final_dot:
      return "reply to the end of data";
    case ClientWait::quit:
      return "reply to QUIT";
    case ClientWait::closed:
      return "closed";
  }
  return "closed";
}

}  // namespace postern::smtp
