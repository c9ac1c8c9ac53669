#include "observe/look.h"

#include "base/text.h"

namespace postern::observe {
namespace {

using verdict::Stage;
using verdict::Stop;

// One look at work; lives in look()'s frame.
class Looker {
 public:
  Looker(io::Executor executor, const Clock& clock, LookRequest request)
      : executor_(executor), request_(std::move(request)), session_(request_.helo) {
    evidence_.time = clock.now();
    evidence_.host = request_.target.host;
    evidence_.address = request_.target.address;
    evidence_.port = request_.target.port;
    evidence_.dns = request_.target.dns;
    evidence_.crls_der = std::move(request_.crls_der);
    evidence_.tls.implicit = request_.implicit_tls;
  }

  io::Task<Look> run();

 private:
  io::Task<bool> connect();
  io::Task<bool> greeting();
  io::Task<bool> hello(Stage stage);
  io::Task<bool> starttls();
  io::Task<bool> handshake();
  io::Task<std::optional<smtp::ClientAction>> converse(smtp::ClientActions actions, Duration limit);
  io::Task<bool> write(std::string octets);
  void stop(Stop why, std::string words);
  void stop(const Error& error) { stop(net::stop_of(error.code()), error.what()); }
  void protocol(char event, std::string_view text, std::string_view context = {});
  Look finish(bool ready);

  io::Executor executor_;
  LookRequest request_;
  verdict::Evidence evidence_;
  std::unique_ptr<net::Stream> stream_;
  smtp::ClientSession session_;
};

// Line by line, as Exchange's protocol log has it.
void Looker::protocol(char event, std::string_view text, std::string_view context) {
  if (!request_.protocol) return;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    request_.protocol(event, text.substr(0, end), context);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 2);
  }
}

void Looker::stop(Stop why, std::string words) {
  evidence_.stop = why;
  evidence_.error = std::move(words);
}

io::Task<bool> Looker::write(std::string octets) {
  protocol('>', octets);
  const Result<void> written = co_await stream_->write(octets, request_.timeouts.helo);
  if (!written) stop(written.error());
  co_return written.has_value();
}

// Writes what the session wants written and feeds it until it has an answer (any other action).
// nullopt: it ended first.
io::Task<std::optional<smtp::ClientAction>> Looker::converse(smtp::ClientActions actions,
                                                             Duration limit) {
  while (true) {
    for (smtp::ClientAction& action : actions) {
      auto* text = std::get_if<smtp::ClientWrite>(&action);
      if (text == nullptr) co_return std::move(action);
      const bool written = co_await write(std::move(text->octets));
      if (!written) co_return std::nullopt;
    }
    const Result<std::string> octets = co_await stream_->read(limit);
    if (!octets) {
      stop(octets.error());
      co_return std::nullopt;
    }
    protocol('<', *octets);
    actions = session_.on_bytes(*octets);
  }
}

io::Task<bool> Looker::connect() {
  evidence_.stage = Stage::connect;
  Result<std::unique_ptr<net::Stream>> stream =
      co_await net::Stream::connect(executor_, request_.target.address, request_.target.port,
                                    request_.source_address, request_.timeouts.connect);
  if (!stream) {
    stop(stream.error());
    protocol('*', stream.error().what(), "connect failed");
    co_return false;
  }
  stream_ = std::move(*stream);
  if (request_.protocol) request_.protocol('+', "", "");
  co_return true;
}

io::Task<bool> Looker::greeting() {
  evidence_.stage = Stage::greeting;
  smtp::ClientActions nothing;
  std::optional<smtp::ClientAction> answer =
      co_await converse(std::move(nothing), request_.timeouts.greeting);
  if (!answer) co_return false;
  if (auto* greeted = std::get_if<smtp::Greeted>(&*answer)) {
    evidence_.smtp.greeting = greeted->reply;
    if (greeted->reply.positive()) co_return true;
    evidence_.smtp.refusal = greeted->reply;
    stop(Stop::rejected, greeted->reply.str());
    co_return false;
  }
  const auto* problem = std::get_if<smtp::ProtocolError>(&*answer);
  stop(Stop::not_smtp, problem != nullptr ? problem->what + ": " + printable(problem->received, 100)
                                          : "no greeting");
  co_return false;
}

// EHLO, or HELO where that is refused; what is offered goes into the Evidence of this stage.
io::Task<bool> Looker::hello(Stage stage) {
  evidence_.stage = stage;
  smtp::ClientActions actions = session_.hello();
  std::optional<smtp::ClientAction> answer =
      co_await converse(std::move(actions), request_.timeouts.helo);
  if (stage == Stage::second_ehlo) {
    // What came after the handshake belongs to it: alerts by which the server judged our
    // certificate.
    evidence_.tls = stream_->tls_evidence();
    evidence_.tls.implicit = request_.implicit_tls;
  }
  if (!answer) co_return false;
  auto* hello = std::get_if<smtp::Hello>(&*answer);
  if (hello == nullptr) {
    const auto* problem = std::get_if<smtp::ProtocolError>(&*answer);
    stop(Stop::not_smtp, problem != nullptr ? problem->what : "no reply to EHLO");
    co_return false;
  }
  evidence_.tls.confirmed = stage == Stage::second_ehlo;
  if (stage == Stage::second_ehlo) {
    evidence_.smtp.tls_keywords = hello->capabilities.keywords;
  } else {
    evidence_.smtp.ehlo_reply = hello->reply;
    evidence_.smtp.keywords = hello->capabilities.keywords;
    evidence_.smtp.starttls_offered = hello->capabilities.starttls;
    evidence_.smtp.helo_only = hello->reply.positive() && !hello->capabilities.esmtp;
  }
  if (hello->reply.positive()) co_return true;
  evidence_.smtp.refusal = hello->reply;
  stop(Stop::rejected, hello->reply.str());
  co_return false;
}

io::Task<bool> Looker::starttls() {
  evidence_.stage = Stage::starttls;
  smtp::ClientActions actions = session_.starttls();
  std::optional<smtp::ClientAction> answer =
      co_await converse(std::move(actions), request_.timeouts.starttls);
  if (!answer) co_return false;
  if (auto* go = std::get_if<smtp::ClientStartTls>(&*answer)) {
    evidence_.smtp.starttls_reply = go->reply;
    co_return true;
  }
  if (auto* refused = std::get_if<smtp::StartTlsRefused>(&*answer)) {
    evidence_.smtp.starttls_reply = refused->reply;
    stop(Stop::rejected, refused->reply.str());
    co_return false;
  }
  // Octets in the clear behind the 220 would be read as if they came from inside TLS (RFC 3207
  // s4.2).
  const auto* problem = std::get_if<smtp::ProtocolError>(&*answer);
  stop(Stop::not_smtp, problem != nullptr ? problem->what : "no reply to STARTTLS");
  co_return false;
}

io::Task<bool> Looker::handshake() {
  evidence_.stage = Stage::handshake;
  tls::ClientSettings settings = request_.tls;
  // SNI is a DNS name, never an address (RFC 6066 s3).
  const bool is_address = request_.target.host == request_.target.address;
  settings.sni = is_address ? std::string() : request_.target.host;
  const Result<void> done =
      co_await stream_->start_tls_client(std::move(settings), request_.timeouts.handshake);
  evidence_.tls = stream_->tls_evidence();
  evidence_.tls.attempted = true;
  evidence_.tls.implicit = request_.implicit_tls;
  if (!done) {
    stop(done.error());
    protocol('*', done.error().what(), "TLS negotiation failed");
    co_return false;
  }
  protocol('*', evidence_.tls.version + " " + evidence_.tls.cipher, "TLS negotiation succeeded");
  if (!request_.implicit_tls) {
    smtp::ClientActions nothing = session_.on_tls_ready();
    (void)nothing;
  }
  co_return true;
}

Look Looker::finish(bool ready) {
  Look out;
  if (ready) {
    evidence_.stage = Stage::done;
    out.ready =
        std::make_unique<ReadySession>(ReadySession{std::move(stream_), std::move(session_)});
  } else if (stream_) {
    protocol('-', evidence_.error.empty() ? "closed" : std::string_view(evidence_.error));
    stream_->close();
  }
  out.evidence = std::move(evidence_);
  return out;
}

io::Task<Look> Looker::run() {
  bool ok = co_await connect();
  if (ok && request_.implicit_tls) ok = co_await handshake();
  if (ok) ok = co_await greeting();
  if (ok) ok = co_await hello(request_.implicit_tls ? Stage::second_ehlo : Stage::ehlo);
  const bool upgrade =
      !request_.implicit_tls && request_.use_tls && evidence_.smtp.starttls_offered;
  if (ok && upgrade) ok = co_await starttls();
  if (ok && upgrade) ok = co_await handshake();
  if (ok && upgrade) ok = co_await hello(Stage::second_ehlo);
  co_return finish(ok);
}

}  // namespace

io::Task<Look> look(io::Executor executor, const Clock& clock, LookRequest request) {
  Looker looker(executor, clock, std::move(request));
  co_return co_await looker.run();
}

io::Task<void> end_session(std::unique_ptr<ReadySession> ready, Duration timeout) {
  smtp::ClientActions actions = ready->session.quit();
  for (const smtp::ClientAction& action : actions) {
    const auto* text = std::get_if<smtp::ClientWrite>(&action);
    if (text == nullptr) continue;
    const Result<void> written = co_await ready->stream->write(text->octets, timeout);
    if (!written) co_return ready->stream->close();
  }
  // The 221 is waited for, so that the peer sees an orderly end; its content does not matter.
  const Result<std::string> bye = co_await ready->stream->read(timeout);
  (void)bye;
  ready->stream->close();
}

}  // namespace postern::observe
