#include "net/stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/socket.h"
#include "net/watchdog.h"

namespace postern::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Reads and writes that end at once before the loop's other sessions get their turn.
constexpr unsigned kTurnsAtOnce = 16;
// Of unread octets at close(): what is left there would turn our FIN into a reset, and the peer
// might lose our last reply.
constexpr std::size_t kDrainOctets = 4 * kReadBlockOctets;

class NetCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "net"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<net_errc>(code)) {
      case net_errc::timeout:
        return "timed out";
      case net_errc::refused:
        return "connection refused";
      case net_errc::unreachable:
        return "unreachable";
      case net_errc::reset:
        return "connection reset by the peer";
      case net_errc::closed:
        return "connection closed by the peer";
      case net_errc::tls:
        return "TLS failed";
      case net_errc::aborted:
        return "closed here";
      case net_errc::other:
        return "network error";
    }
    return "unknown network error";
  }
};

net_errc errc_of(const error_code& error) {
  if (error == asio::error::eof) return net_errc::closed;
  if (error == asio::error::connection_refused) return net_errc::refused;
  if (error == asio::error::timed_out) return net_errc::timeout;
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe ||
      error == asio::error::connection_aborted)
    return net_errc::reset;
  if (error == asio::error::host_unreachable || error == asio::error::network_unreachable ||
      error == asio::error::network_down || error == asio::error::no_permission)
    return net_errc::unreachable;
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
    return net_errc::aborted;
  return net_errc::other;
}

std::unexpected<Error> failure(const error_code& error) {
  return fail(errc_of(error), error == asio::error::eof ? "" : error.message());
}

// For octets between the socket and whoever takes them, on this thread, without a suspension in
// between: sessions that wait hold no buffer.
std::array<char, kReadBlockOctets>& scratch() {
  thread_local std::array<char, kReadBlockOctets> buffer;
  return buffer;
}

}  // namespace

std::error_code make_error_code(net_errc e) {
  static const NetCategory category;
  return {static_cast<int>(e), category};
}

verdict::Stop stop_of(const std::error_code& code) {
  using verdict::Stop;
  if (code.category() != make_error_code(net_errc::other).category()) return Stop::error;
  switch (static_cast<net_errc>(code.value())) {
    case net_errc::timeout:
      return Stop::timeout;
    case net_errc::refused:
      return Stop::refused;
    case net_errc::unreachable:
      return Stop::unreachable;
    case net_errc::reset:
      return Stop::reset;
    case net_errc::closed:
      return Stop::closed;
    case net_errc::tls:
    case net_errc::aborted:
    case net_errc::other:
      return Stop::error;
  }
  return Stop::error;
}

std::string text_of(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

struct Stream::State {
  explicit State(tcp::socket socket_in)
      : socket(std::move(socket_in)), watchdog(std::make_shared<Watchdog>(socket)) {}
  ~State() { watchdog->release(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  tcp::socket socket;
  std::shared_ptr<Watchdog> watchdog;
  std::optional<tls::Engine> engine;
  verdict::TlsEvidence tls_not_started;  // why there is no engine
  std::string outbox;                    // ciphertext that the socket did not take yet
  bool closed = false;
  bool peer_ended = false;
  bool interrupted = false;  // the read() under way is to end
  unsigned turns = 0;
  std::string peer_address, local_address;
  std::uint16_t peer_port = 0, local_port = 0;

  void note_endpoints();
  // Before every wait: the deadline covers all waits of one call.
  io::Task<Result<void>> wait_for(tcp::socket::wait_type what);
  io::Task<void> breathe();
  // Octets into scratch(), at least one. Errors: closed at the end.
  io::Task<Result<std::size_t>> receive();
  // With `each_block` the deadline starts anew with every block; else that of the call stands.
  io::Task<Result<void>> send(std::string_view octets, std::optional<Duration> each_block);
  io::Task<Result<void>> send_all(std::string_view octets, Duration timeout);
  io::Task<Result<void>> flush_tls(std::optional<Duration> each_block);
  void flush_at_once();
  void drain_at_once();
  // Ciphertext from the socket into the engine; the end of the connection too.
  io::Task<Result<void>> feed_engine();
  io::Task<Result<std::string>> read_tls();
  io::Task<Result<void>> shake_hands();
  void look_for_last_alert();
  io::Task<Result<void>> start_tls(Result<tls::Engine> made, Duration timeout);
};

void Stream::State::note_endpoints() {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  const tcp::endpoint peer = socket.remote_endpoint(ignored);
  peer_address = text_of(peer.address());
  peer_port = peer.port();
  const tcp::endpoint local = socket.local_endpoint(ignored);
  local_address = text_of(local.address());
  local_port = local.port();
}

io::Task<Result<void>> Stream::State::wait_for(tcp::socket::wait_type what) {
  turns = 0;
  if (watchdog->expired()) co_return fail(net_errc::timeout);
  if (interrupted) co_return fail(net_errc::aborted);
  error_code error;
  co_await socket.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  if (closed || interrupted) co_return fail(net_errc::aborted);
  if (watchdog->expired()) co_return fail(net_errc::timeout);
  if (error) co_return failure(error);
  co_return Result<void>();
}

io::Task<void> Stream::State::breathe() {
  if (++turns < kTurnsAtOnce) co_return;
  turns = 0;
  co_await asio::post(socket.get_executor(), asio::use_awaitable);
}

io::Task<Result<std::size_t>> Stream::State::receive() {
  co_await breathe();
  for (;;) {
    if (closed) co_return fail(net_errc::aborted);
    error_code error;
    const std::size_t got = socket.read_some(asio::buffer(scratch()), error);
    if (!error) co_return got;
    if (error == asio::error::interrupted) continue;
    if (error != asio::error::would_block) co_return failure(error);
    CO_TRY_VOID(co_await wait_for(tcp::socket::wait_read));
  }
}

io::Task<Result<void>> Stream::State::send(std::string_view octets,
                                           std::optional<Duration> each_block) {
  while (!octets.empty()) {
    co_await breathe();
    if (closed) co_return fail(net_errc::aborted);
    error_code error;
    const std::size_t sent = socket.write_some(asio::buffer(octets.data(), octets.size()), error);
    octets.remove_prefix(sent);
    if (error == asio::error::would_block) {
      if (each_block) watchdog->arm(*each_block);
      CO_TRY_VOID(co_await wait_for(tcp::socket::wait_write));
    } else if (error && error != asio::error::interrupted) {
      co_return failure(error);
    }
  }
  co_return Result<void>();
}

io::Task<Result<void>> Stream::State::flush_tls(std::optional<Duration> each_block) {
  outbox += engine->take_output();
  const std::string octets = std::exchange(outbox, {});
  co_return co_await send(octets, each_block);
}

io::Task<Result<void>> Stream::State::send_all(std::string_view octets, Duration timeout) {
  if (!engine) co_return co_await send(octets, timeout);
  while (!octets.empty()) {
    const std::string_view block = octets.substr(0, kReadBlockOctets);
    octets.remove_prefix(block.size());
    const auto encrypted = engine->write(block);
    if (!encrypted) co_return fail(net_errc::tls, encrypted.error().detail());
    CO_TRY_VOID(co_await flush_tls(timeout));
  }
  co_return Result<void>();
}

void Stream::State::flush_at_once() {
  if (!engine) return;
  outbox += engine->take_output();
  error_code error;
  while (!outbox.empty() && !error) outbox.erase(0, socket.write_some(asio::buffer(outbox), error));
}

void Stream::State::drain_at_once() {
  error_code error;
  for (std::size_t drained = 0; drained < kDrainOctets && !error;)
    drained += socket.read_some(asio::buffer(scratch()), error);
}

io::Task<Result<void>> Stream::State::feed_engine() {
  const auto got = co_await receive();
  if (got) {
    engine->feed({scratch().data(), *got});
  } else if (got.error().code() == net_errc::closed) {
    peer_ended = true;
    engine->peer_closed();
  } else {
    co_return std::unexpected(got.error());
  }
  co_return Result<void>();
}

io::Task<Result<std::string>> Stream::State::read_tls() {
  for (;;) {
    auto got = engine->read(kReadBlockOctets);
    flush_at_once();  // answers of TLS itself; what is left goes with the next write
    if (got && !got->empty()) co_return got;
    if (!got)
      co_return fail(got.error().code() == tls::tls_errc::closed ? net_errc::closed : net_errc::tls,
                     got.error().detail());
    CO_TRY_VOID(co_await feed_engine());
  }
}

// The peer is gone while we wrote: an alert that says why may have come before.
void Stream::State::look_for_last_alert() {
  error_code error;
  const std::size_t got = socket.read_some(asio::buffer(scratch()), error);
  if (error || got == 0) return;
  engine->feed({scratch().data(), got});
  (void)engine->handshake();
}

io::Task<Result<void>> Stream::State::shake_hands() {
  for (;;) {
    const auto done = engine->handshake();
    auto flushed = co_await flush_tls(std::nullopt);
    if (!done) {
      const bool cut = peer_ended && !engine->evidence().alert_received;
      co_return fail(cut ? net_errc::closed : net_errc::tls, done.error().detail());
    }
    if (!flushed) {
      look_for_last_alert();
      co_return flushed;
    }
    if (*done) co_return Result<void>();
    CO_TRY_VOID(co_await feed_engine());
  }
}

io::Task<Result<void>> Stream::State::start_tls(Result<tls::Engine> made, Duration timeout) {
  if (!made) {
    tls_not_started.attempted = true;
    tls_not_started.error = made.error().detail();
    co_return fail(net_errc::tls, made.error().detail());
  }
  engine.emplace(std::move(*made));
  watchdog->arm(timeout);
  auto done = co_await shake_hands();
  watchdog->disarm();
  co_return done;
}

std::unique_ptr<Stream> make_stream(tcp::socket socket) {
  auto state = std::make_unique<Stream::State>(std::move(socket));
  state->note_endpoints();
  return std::make_unique<Stream>(std::move(state));
}

Stream::Stream(std::unique_ptr<State> state) : state_(std::move(state)) {}

Stream::~Stream() = default;

io::Task<Result<std::unique_ptr<Stream>>> Stream::connect(io::Executor executor,
                                                          std::string address, std::uint16_t port,
                                                          std::string source, Duration timeout) {
  error_code error;
  const asio::ip::address target = asio::ip::make_address(address, error);
  if (error) co_return fail(net_errc::other, "\"" + address + "\" is no IP address");
  auto state =
      std::make_unique<State>(tcp::socket(*static_cast<asio::io_context*>(executor.native())));
  const tcp::endpoint endpoint(target, port);
  state->socket.open(endpoint.protocol(), error);
  if (!error && !source.empty()) {
    const asio::ip::address from = asio::ip::make_address(source, error);
    if (!error) state->socket.bind(tcp::endpoint(from, 0), error);
    if (error) co_return fail(net_errc::other, "source address " + source + ": " + error.message());
  }
  if (error) co_return failure(error);
  state->watchdog->arm(timeout);
  co_await state->socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  state->watchdog->disarm();
  if (state->watchdog->expired()) co_return fail(net_errc::timeout);
  if (error) co_return failure(error);
  state->note_endpoints();
  co_return std::make_unique<Stream>(std::move(state));
}

io::Task<Result<std::string>> Stream::read(Duration timeout) {
  State& s = *state_;
  s.interrupted = false;
  s.watchdog->arm(timeout);
  if (s.engine) {
    auto got = co_await s.read_tls();
    s.watchdog->disarm();
    s.interrupted = false;
    co_return got;
  }
  const auto got = co_await s.receive();
  s.watchdog->disarm();
  s.interrupted = false;
  if (!got) co_return std::unexpected(got.error());
  co_return std::string(scratch().data(), *got);
}

io::Task<Result<void>> Stream::write(std::string_view octets, Duration timeout) {
  state_->watchdog->arm(timeout);
  auto sent = co_await state_->send_all(octets, timeout);
  state_->watchdog->disarm();
  co_return sent;
}

io::Task<Result<void>> Stream::start_tls_client(tls::ClientSettings settings, Duration timeout) {
  auto made = tls::Engine::client(settings);
  co_return co_await state_->start_tls(std::move(made), timeout);
}

io::Task<Result<void>> Stream::start_tls_server(std::shared_ptr<const tls::ServerContext> context,
                                                Duration timeout) {
  auto made = tls::Engine::server(std::move(context));
  co_return co_await state_->start_tls(std::move(made), timeout);
}

bool Stream::tls() const {
  return state_->engine && state_->engine->established();
}

verdict::TlsEvidence Stream::tls_evidence() const {
  return state_->engine ? state_->engine->evidence() : state_->tls_not_started;
}

std::shared_ptr<const tls::Session> Stream::tls_session() const {
  return state_->engine ? state_->engine->session() : nullptr;
}

void Stream::interrupt() {
  state_->interrupted = true;
  error_code ignored;
  state_->socket.cancel(ignored);
}

void Stream::close() {
  State& s = *state_;
  if (std::exchange(s.closed, true)) return;
  if (s.engine) s.engine->shutdown();
  s.flush_at_once();
  error_code ignored;
  s.socket.shutdown(tcp::socket::shutdown_send, ignored);
  s.drain_at_once();
  s.socket.close(ignored);
}

void Stream::abort() {
  State& s = *state_;
  if (std::exchange(s.closed, true)) return;
  error_code ignored;
  s.socket.set_option(asio::socket_base::linger(true, 0), ignored);
  s.socket.close(ignored);
}

const std::string& Stream::peer_address() const {
  return state_->peer_address;
}

std::uint16_t Stream::peer_port() const {
  return state_->peer_port;
}

const std::string& Stream::local_address() const {
  return state_->local_address;
}

std::uint16_t Stream::local_port() const {
  return state_->local_port;
}

}  // namespace postern::net
