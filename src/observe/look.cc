#include "observe/look.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <arpa/inet.h>

#include "base/text.h"

namespace postern::observe {
namespace {

using smtp::ClientAction;
using smtp::ClientActions;
using verdict::Stage;
using verdict::Stop;

bool is_literal(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

class Looker {
 public:
  Looker(io::Executor executor, Time now, LookRequest request)
      : executor_(executor), request_(std::move(request)), session_(request_.helo) {
    evidence_.judged = verdict::Judged::server;
    evidence_.time = now;
    evidence_.host = request_.target.host;
    evidence_.address = request_.target.address;
    evidence_.port = request_.target.port;
    evidence_.dns = request_.target.dns;
    evidence_.crls_der = request_.crls_der;
    const std::string sni = request_.sni.value_or(request_.target.host);
    if (!is_literal(sni)) request_.tls.sni = sni;
  }

  io::Task<Look> run();

 private:
  // Each step: true when the next may follow; else stop() has been told why.
  io::Task<bool> connect();
  io::Task<bool> greeting();
  io::Task<bool> hello();
  io::Task<bool> starttls();
  io::Task<bool> handshake();
  io::Task<bool> steps();
  // Writes, then reads until the session has an answer; nullopt: the session ended.
  io::Task<std::optional<ClientAction>> await_answer(ClientActions actions, Duration timeout);
  io::Task<void> leave();

  bool stop(Stop why, std::string words);
  bool stop(const Error& error) { return stop(net::stop_of(error.code()), error.what()); }
  bool refused(const mail::Reply& reply);
  void note_tls();
  void log(char event, std::string_view data, std::string_view context = {}) const {
    if (request_.protocol) request_.protocol(event, data, context);
  }
  void log_received(std::string_view octets);
  void log_tls() const;
  [[nodiscard]] bool inside_tls() const { return stream_->tls(); }
  // A wait of at most `timeout` that also ends with the whole look's time.
  [[nodiscard]] Duration within(Duration timeout) const;

  io::Executor executor_;
  LookRequest request_;
  verdict::Evidence evidence_;
  std::unique_ptr<net::Stream> stream_;
  smtp::ClientSession session_;
  std::string partial_line_;  // of what was received, for the log
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

Duration Looker::within(Duration timeout) const {
  if (request_.overall == Duration::zero()) return timeout;
  const auto spent =
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began_);
  return std::clamp(request_.overall - spent, Duration(1), timeout);
}

bool Looker::stop(Stop why, std::string words) {
  evidence_.stop = why;
  evidence_.error = std::move(words);
  return false;
}

bool Looker::refused(const mail::Reply& reply) {
  evidence_.smtp.refusal = reply;
  return stop(Stop::rejected, reply.str());
}

void Looker::note_tls() {
  const bool confirmed = evidence_.tls.confirmed;
  evidence_.tls = stream_->tls_evidence();
  evidence_.tls.confirmed = confirmed;
  evidence_.tls.implicit = request_.implicit_tls && evidence_.tls.attempted;
}

void Looker::log_received(std::string_view octets) {
  for (const char c : octets) {
    if (c != '\n') {
      partial_line_ += c;
      continue;
    }
    log('<', printable(trim(partial_line_)));
    partial_line_.clear();
  }
  // The session gives up a line that is too long; so does the log.
  if (partial_line_.size() > smtp::kMaxReplyOctets) partial_line_.clear();
}

// The certificates themselves are the caller's to log: they are in the Evidence.
void Looker::log_tls() const {
  const verdict::TlsEvidence& tls = evidence_.tls;
  if (tls.completed)
    log('*', tls.version + " " + tls.cipher + (tls.resumed ? ", resumed" : ""),
        "TLS negotiation succeeded");
  else
    log('*', evidence_.error, "TLS negotiation failed");
}

io::Task<std::optional<ClientAction>> Looker::await_answer(ClientActions actions,
                                                           Duration timeout) {
  using Steady = std::chrono::steady_clock;
  auto deadline = Steady::now() + timeout;
  for (;;) {
    for (ClientAction& action : actions) {
      if (const auto* error = std::get_if<smtp::ProtocolError>(&action)) {
        // In the clear behind the 220: it would be read as if it came from inside TLS (RFC 3207
        // s4.2, command injection).
        const bool injected = evidence_.stage == Stage::starttls;
        stop(Stop::not_smtp,
             (injected ? "octets before the handshake: " : error->what + ": ") + error->received);
        co_return std::nullopt;
      }
      const auto* write = std::get_if<smtp::ClientWrite>(&action);
      if (write == nullptr) co_return std::move(action);
      log('>', printable(trim(write->octets)));
      const auto written = co_await stream_->write(write->octets, timeout);
      if (!written) {
        stop(written.error());
        co_return std::nullopt;
      }
      deadline = Steady::now() + timeout;  // a new question (HELO after EHLO)
    }
    const auto left = std::chrono::duration_cast<Duration>(deadline - Steady::now());
    const auto got = co_await stream_->read(left);
    if (!got) {
      stop(got.error());
      co_return std::nullopt;
    }
    if (inside_tls()) evidence_.tls.confirmed = true;
    log_received(*got);
    actions = session_.on_bytes(*got);
  }
}

io::Task<bool> Looker::connect() {
  evidence_.stage = Stage::connect;
  const Target& target = request_.target;
  auto made =
      co_await net::Stream::connect(executor_, target.address, target.port, request_.source_address,
                                    within(request_.timeouts.connect));
  if (!made) co_return stop(made.error());
  stream_ = std::move(*made);
  log('+', policy::Endpoint{stream_->local_address(), stream_->local_port()}.str());
  co_return true;
}

io::Task<bool> Looker::greeting() {
  evidence_.stage = inside_tls() ? Stage::second_ehlo : Stage::greeting;
  const auto answer = co_await await_answer(ClientActions{}, within(request_.timeouts.greeting));
  if (!answer) co_return false;
  const auto* greeted = std::get_if<smtp::Greeted>(&*answer);
  if (greeted == nullptr) co_return stop(Stop::not_smtp, "no greeting");
  evidence_.smtp.greeting = greeted->reply;
  if (greeted->reply.code() != 220) co_return refused(greeted->reply);
  co_return true;
}

io::Task<bool> Looker::hello() {
  evidence_.stage = inside_tls() ? Stage::second_ehlo : Stage::ehlo;
  ClientActions question = session_.hello();
  const auto answer = co_await await_answer(std::move(question), within(request_.timeouts.helo));
  if (!answer) co_return false;
  const auto* said = std::get_if<smtp::Hello>(&*answer);
  if (said == nullptr) co_return stop(Stop::not_smtp, "no reply to EHLO");
  if (inside_tls()) {
    evidence_.smtp.tls_keywords = said->capabilities.keywords;
  } else {
    evidence_.smtp.ehlo_reply = said->reply;
    evidence_.smtp.keywords = said->capabilities.keywords;
    evidence_.smtp.starttls_offered = said->capabilities.starttls;
  }
  if (!said->reply.positive()) co_return refused(said->reply);
  evidence_.smtp.helo_only = !said->capabilities.esmtp;
  co_return true;
}

io::Task<bool> Looker::starttls() {
  evidence_.stage = Stage::starttls;
  ClientActions question = session_.starttls();
  const auto answer =
      co_await await_answer(std::move(question), within(request_.timeouts.starttls));
  if (!answer) co_return false;
  if (const auto* no = std::get_if<smtp::StartTlsRefused>(&*answer)) {
    evidence_.smtp.starttls_reply = no->reply;
    co_return stop(Stop::rejected, no->reply.str());
  }
  const auto* yes = std::get_if<smtp::ClientStartTls>(&*answer);
  if (yes == nullptr) co_return stop(Stop::not_smtp, "no reply to STARTTLS");
  evidence_.smtp.starttls_reply = yes->reply;
  co_return true;
}

io::Task<bool> Looker::handshake() {
  evidence_.stage = Stage::handshake;
  const auto done =
      co_await stream_->start_tls_client(request_.tls, within(request_.timeouts.handshake));
  note_tls();
  if (!done) stop(done.error());
  log_tls();
  if (!done) co_return false;
  if (!request_.implicit_tls) (void)session_.on_tls_ready();
  co_return true;
}

io::Task<bool> Looker::steps() {
  const bool connected = co_await connect();
  if (!connected) co_return false;
  if (request_.implicit_tls) {
    const bool secured = co_await handshake();
    if (!secured) co_return false;
  }
  const bool greeted = co_await greeting();
  if (!greeted) co_return false;
  const bool introduced = co_await hello();
  if (!introduced || request_.implicit_tls || !request_.use_tls || !evidence_.smtp.starttls_offered)
    co_return introduced;
  const bool agreed = co_await starttls();
  if (!agreed) co_return false;
  const bool secured = co_await handshake();
  if (!secured) co_return false;
  // Not until the server answers inside TLS has it taken our certificate (RFC 8446 s4.6.2 and
  // s6.2: in TLS 1.3 our handshake ends before it has judged).
  co_return co_await hello();
}

// After a refusal in words a client says QUIT (RFC 5321 s3.8); after anything else it is no use.
io::Task<void> Looker::leave() {
  if (evidence_.stop == Stop::rejected) {
    for (const ClientAction& action : session_.quit()) {
      const auto* write = std::get_if<smtp::ClientWrite>(&action);
      if (write == nullptr) continue;
      log('>', printable(trim(write->octets)));
      const auto ignored = co_await stream_->write(write->octets, request_.timeouts.quit);
      if (!ignored) break;
    }
  }
  stream_->close();
  log('-', "",
      evidence_.stop == Stop::closed || evidence_.stop == Stop::reset ? "Remote" : "Local");
}

io::Task<Look> Looker::run() {
  const bool ready = co_await steps();
  if (stream_) note_tls();
  Look look;
  if (ready) {
    evidence_.stage = Stage::done;
    look.ready = std::make_unique<ReadySession>(std::move(stream_), std::move(session_));
  } else if (stream_) {
    co_await leave();
  }
  look.evidence = std::move(evidence_);
  co_return look;
}

}  // namespace

io::Task<Look> look(io::Executor executor, const Clock& clock, LookRequest request) {
  Looker looker(executor, clock.now(), std::move(request));
  co_return co_await looker.run();
}

io::Task<void> end_session(std::unique_ptr<ReadySession> ready, Duration timeout) {
  using Steady = std::chrono::steady_clock;
  const auto deadline = Steady::now() + timeout;
  ClientActions actions = ready->session.quit();
  for (bool ended = actions.empty(); !ended;) {
    for (const ClientAction& action : actions) {
      const auto* write = std::get_if<smtp::ClientWrite>(&action);
      ended = ended || write == nullptr;
      if (write == nullptr) continue;
      const auto written = co_await ready->stream->write(write->octets, timeout);
      ended = ended || !written;
    }
    if (ended) break;
    const auto left = std::chrono::duration_cast<Duration>(deadline - Steady::now());
    const auto got = co_await ready->stream->read(left);
    if (!got) break;
    actions = ready->session.on_bytes(*got);
  }
  ready->stream->close();
}

}  // namespace postern::observe
