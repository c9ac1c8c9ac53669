#include "net/listener.h"

#include <atomic>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "base/log_gate.h"
#include "net/socket.h"

namespace postern::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr Duration kPauseAfterFailure{100};  // an accept at once would only fail again
constexpr log::Event kAcceptFailed{1011, log::Level::warning, "listener.accept_failed"};

// All listeners together: what fails for one (no file descriptors) fails for all.
void tell_failure(const std::string& error) {
  static log::Gate gate(1);
  std::uint64_t left_out = 0;
  if (!gate.open(system_clock().now(), left_out)) return;
  log::write(kAcceptFailed, {{"error", error}, {"left_out", std::to_string(left_out)}});
}

asio::io_context& context_of(const io::Executor& executor) {
  return *static_cast<asio::io_context*>(executor.native());
}

}  // namespace

struct Listener::State {
  State(io::Runtime& runtime_in, io::Executor executor_in)
      : runtime(runtime_in), executor(executor_in), acceptor(context_of(executor_in)) {}

  io::Runtime& runtime;
  io::Executor executor;  // the acceptor's loop
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  std::atomic<bool> closed{false};
  std::function<void(std::unique_ptr<Stream>, io::Executor)> on_connection;

  [[nodiscard]] error_code open(const tcp::endpoint& endpoint);
  static io::Task<void> accept_loop(std::shared_ptr<State> self);
  static void hand_over(std::shared_ptr<State> self, tcp::socket socket, io::Executor target);
};

error_code Listener::State::open(const tcp::endpoint& endpoint) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  return error;
}

void Listener::State::hand_over(std::shared_ptr<State> self, tcp::socket socket,
                                io::Executor target) {
  const auto shared = std::make_shared<tcp::socket>(std::move(socket));
  target.post([self = std::move(self), shared, target] {
    if (!self->closed) self->on_connection(make_stream(std::move(*shared)), target);
  });
}

io::Task<void> Listener::State::accept_loop(std::shared_ptr<State> self) {
  while (!self->closed) {
    const io::Executor target = self->runtime.next();
    tcp::socket socket(context_of(target));
    error_code error;
    co_await self->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (self->closed) co_return;
    if (!error) {
      hand_over(self, std::move(socket), target);
      continue;
    }
    // A connection that ended in the queue (ECONNABORTED, accept(2)) is nobody's problem.
    if (error == asio::error::connection_aborted) continue;
    tell_failure(error.message());
    co_await io::sleep_for(kPauseAfterFailure);
  }
}

Result<std::unique_ptr<Listener>> Listener::bind(io::Runtime& runtime,
                                                 const policy::Endpoint& endpoint) {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(endpoint.host, error);
  if (error) return invalid(endpoint.str() + ": an IP address is needed to listen on");
  auto state = std::make_shared<State>(runtime, runtime.main());
  error = state->open(tcp::endpoint(address, endpoint.port));
  if (error) return invalid(endpoint.str() + ": " + error.message());
  return std::make_unique<Listener>(std::move(state));
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  close();
}

void Listener::start(std::function<void(std::unique_ptr<Stream>, io::Executor)> on_connection) {
  state_->on_connection = std::move(on_connection);
  state_->executor.spawn("listener", State::accept_loop(state_));
}

void Listener::close() {
  if (state_->closed.exchange(true)) return;
  state_->executor.post([state = state_] {
    error_code ignored;
    state->acceptor.close(ignored);
  });
}

std::uint16_t Listener::port() const {
  return state_->port;
}

}  // namespace postern::net
