#include "relay/receive_session.h"

#include <algorithm>
#include <deque>
#include <iterator>

#include "base/text.h"
#include "relay/reception_events.h"

namespace postern::relay {
namespace {

using smtp::ServerActions;
using smtp::ServerWait;

constexpr std::string_view kAuth = "AUTH";

std::string endpoint_text(const std::string& address, std::uint16_t port) {
  policy::Endpoint endpoint;
  endpoint.host = address;
  endpoint.port = port;
  return endpoint.str();
}

std::string hide_secret(std::string_view line) {
  const std::string_view said = trim(line);
  if (!istarts_with(said, kAuth)) return std::string(line);
  return std::string(kAuth) + " <hidden>";
}

}  // namespace

ReceiveSession::ReceiveSession(std::shared_ptr<ReceptionCore> core,
                               std::shared_ptr<const Connector> connector,
                               std::unique_ptr<net::Stream> stream, io::Executor executor,
                               std::optional<mail::Reply> refusal, bool counted)
    : core_(std::move(core)),
      connector_(std::move(connector)),
      stream_(std::move(stream)),
      executor_(executor),
      refusal_(std::move(refusal)),
      counted_(counted),
      id_(SessionId::make(core_->context.clock.now())),
      log_(core_->context.protocol_log, Direction::receive, connector_->config->name, id_,
           connector_->config->protocol_log),
      client_(core_->context, connector_, core_->verdicts),
      smtp_(options()) {
  client_.in_the_clear(*stream_);
}

ReceiveSession::~ReceiveSession() {
  core_->remove(this);
  if (counted_) core_->limits.disconnect(connector_->config->name, stream_->peer_address());
}

smtp::ServerOptions ReceiveSession::options() {
  const policy::ReceiveConnector& config = *connector_->config;
  smtp::ServerOptions out;
  out.fqdn = connector_->fqdn;
  out.offer_starttls = connector_->tls != nullptr && !config.implicit_tls;
  // Without a certificate to present, MAIL gets a reply that does not send the client in circles.
  out.tls_required = connector_->requires_tls() && !connector_->no_certificate;
  out.exchange_starttls_reply = config.starttls_reply == policy::StarttlsReply::exchange;
  out.implicit_tls = config.implicit_tls;
  out.max_message_size = config.max_message_size;
  out.max_recipients = config.max_recipients;
  out.max_messages = config.max_messages_per_session;
  out.allow_bare_newlines = config.allow_bare_newlines;
  out.on_command = [this](std::string_view line) { log_command(line); };
  return out;
}

io::Task<void> ReceiveSession::run(std::shared_ptr<ReceiveSession> self) {
  self->log_connect();
  co_await self->serve();
  self->intake_.reset();
  self->log_.write('-', "", self->end_);
  self->stream_->close();
}

io::Task<void> ReceiveSession::serve() {
  if (connector_->config->implicit_tls) {
    // Nothing can be said before the handshake, and a refused client is worth none.
    if (refusal_ || !connector_->tls) {
      end_ = refusal_ ? refusal_->str() : "no certificate to present";
      co_return;
    }
    const bool secured = co_await secure();
    if (!secured) co_return;
    ServerActions ready = smtp_.on_tls_ready();
    const bool fine = co_await perform(std::move(ready));
    if (!fine) co_return;
  }
  if (refusal_) end_ = refusal_->str();
  ServerActions greeting = smtp_.on_connect(refusal_);
  bool open = co_await perform(std::move(greeting));
  while (open) open = co_await turn();
}

io::Task<bool> ReceiveSession::turn() {
  if (shutting_down_ && !told_) {
    told_ = true;
    end_ = "shutting down";
    ServerActions farewell = smtp_.on_shutdown();
    co_return co_await perform(std::move(farewell));
  }
  const std::optional<Duration> left = time_left();
  ServerActions actions;
  if (!left) {
    end_ = "too slow";
    actions = smtp_.on_timeout();
    co_return co_await perform(std::move(actions));
  }
  reading_ = true;
  const Result<std::string> octets = co_await stream_->read(*left);
  reading_ = false;
  if (octets) {
    note_progress(octets->size());
    actions = smtp_.on_bytes(*octets);
    co_return co_await perform(std::move(actions));
  }
  if (octets.error().code() == net::net_errc::aborted && shutting_down_ && !told_) co_return true;
  if (octets.error().code() == net::net_errc::timeout) {
    end_ = "timeout";
    actions = smtp_.on_timeout();
    co_return co_await perform(std::move(actions));
  }
  if (octets.error().code() != net::net_errc::closed) end_ = octets.error().what();
  co_return false;
}

io::Task<bool> ReceiveSession::perform(ServerActions actions) {
  std::deque<smtp::ServerAction> todo(std::make_move_iterator(actions.begin()),
                                      std::make_move_iterator(actions.end()));
  while (!todo.empty()) {
    smtp::ServerAction action = std::move(todo.front());
    todo.pop_front();
    if (std::holds_alternative<smtp::Close>(action)) {
      co_await flush();
      co_return false;
    }
    if (const auto* write = std::get_if<smtp::Write>(&action)) {
      queue_output(write->octets);
      continue;
    }
    if (out_.size() > kMaxPendingOutput || std::holds_alternative<smtp::StartTls>(action)) {
      const bool sent = co_await flush();
      if (!sent) co_return false;
    }
    ServerActions more = co_await act(std::move(action));
    std::ranges::move(more, std::back_inserter(todo));
  }
  const bool sent = co_await flush();
  // What we needed for our own work is not counted as the client's slowness.
  if (command_seen_ || smtp_.waiting() != ServerWait::command) line_since_ = Steady::now();
  command_seen_ = false;
  co_return sent;
}

io::Task<ServerActions> ReceiveSession::act(smtp::ServerAction action) {
  if (const auto* data = std::get_if<smtp::BodyData>(&action)) {
    if (intake_) intake_->append(data->octets);
    co_return ServerActions();
  }
  if (auto* decide = std::get_if<smtp::DecideMail>(&action)) {
    const mail::Reply reply = co_await decide_mail(std::move(decide->reverse_path));
    co_return smtp_.on_decision(reply);
  }
  if (auto* decide = std::get_if<smtp::DecideRecipient>(&action)) {
    const mail::Reply reply = co_await decide_recipient(std::move(decide->recipient));
    co_return smtp_.on_decision(reply);
  }
  if (auto* begin = std::get_if<smtp::BeginBody>(&action)) {
    co_return smtp_.on_decision(begin_body(std::move(begin->envelope)));
  }
  if (std::holds_alternative<smtp::EndBody>(action)) {
    const mail::Reply reply = co_await end_body();
    if (reply.positive()) message_since_ = Steady::now();
    intake_.reset();
    transaction_.reset();
    command_seen_ = true;  // the time that the store took is not the client's
    co_return smtp_.on_stored(reply);
  }
  if (std::holds_alternative<smtp::AbortBody>(action)) {
    intake_.reset();
    co_return ServerActions();
  }
  const bool secured = co_await secure();  // StartTls
  if (secured) co_return smtp_.on_tls_ready();
  co_return smtp_.on_tls_failed();
}

void ReceiveSession::queue_output(const std::string& octets) {
  out_ += octets;
  log_.lines('>', octets);
}

io::Task<bool> ReceiveSession::flush() {
  if (out_.empty()) co_return true;
  const std::string octets = std::exchange(out_, {});
  const Duration timeout =
      refusal_ ? kRefusalTimeout : connector_->snapshot->config->timeouts.server_command;
  const Result<void> sent = co_await stream_->write(octets, timeout);
  if (!sent) end_ = sent.error().what();
  co_return sent.has_value();
}

io::Task<bool> ReceiveSession::secure() {
  const Result<void> done = co_await stream_->start_tls_server(
      connector_->tls, connector_->snapshot->config->timeouts.server_handshake);
  co_await client_.after_handshake(*stream_, smtp_.helo());
  transaction_.reset();
  log_handshake();
  line_since_ = Steady::now();
  if (done) co_return true;
  end_ = "TLS negotiation failed: " + done.error().what();
  core_->tell(kTlsFailed, connector_->config->name, stream_->peer_address(),
              client_.failure(done.error().code()) + ": " + done.error().what());
  co_return false;
}

// --- deadlines ---

std::optional<Duration> ReceiveSession::time_left() const {
  const policy::Timeouts& timeouts = connector_->snapshot->config->timeouts;
  const auto now = Steady::now();
  const auto elapsed = [now](Steady::time_point since) {
    return std::chrono::duration_cast<Duration>(now - since);
  };
  Duration left = timeouts.server_body;
  if (smtp_.waiting() == ServerWait::command) {
    left = timeouts.server_command - elapsed(line_since_);
    // Content under way has its own bound below; it is not broken off.
    if (!intake_) left = std::min(left, timeouts.server_session - elapsed(message_since_));
  }
  if (body_since_ && (smtp_.waiting() == ServerWait::body || intake_)) {
    const std::chrono::seconds allowed(body_octets_ / kMinBodyOctetsPerSecond);
    left = std::min<Duration>(left, kBodyGrace + allowed - elapsed(*body_since_));
  }
  if (left <= Duration::zero()) return std::nullopt;
  return left;
}

// Between the chunks of a BDAT the content goes on, so the rate is that of the whole message.
void ReceiveSession::note_progress(std::size_t octets) {
  if (smtp_.waiting() == ServerWait::body || intake_) {
    if (!body_since_) {
      body_since_ = Steady::now();
      body_octets_ = 0;
    }
    body_octets_ += octets;
  } else {
    body_since_.reset();
  }
}

// --- protocol log ---

void ReceiveSession::log_connect() {
  log_.set_endpoints(endpoint_text(stream_->local_address(), stream_->local_port()),
                     endpoint_text(stream_->peer_address(), stream_->peer_port()));
  log_.write('+', "");
}

void ReceiveSession::log_command(std::string_view line) {
  command_seen_ = true;
  log_.write('<', hide_secret(line));
}

void ReceiveSession::log_handshake() {
  const verdict::TlsEvidence& tls = client_.tls();
  if (!tls.completed) {
    log_.write('*', "", "TLS negotiation failed with error " + printable(tls.error));
    return;
  }
  if (tls.own_certificate) log_.certificate(*tls.own_certificate, /*remote=*/false);
  if (!tls.presented.empty()) log_.certificate(tls.presented.front(), /*remote=*/true);
  log_.write('*', "", "TLS protocol " + tls.version + " negotiation succeeded using " + tls.cipher);
  if (const Judgement* judged = client_.session()) {
    log_.write('*', "",
               "Client certificate chain validation status: '" + judged->verdict.code + "'");
  }
}

// --- ends ---

void ReceiveSession::shut_down() {
  shutting_down_ = true;
  if (reading_) stream_->interrupt();
}

void ReceiveSession::abort() {
  stream_->abort();
}

}  // namespace postern::relay
