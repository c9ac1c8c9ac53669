#include "admin/server.h"

#include <atomic>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "admin/unix_socket.h"
#include "base/log.h"
#include "base/log_gate.h"

namespace postern::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;
using UnixStream = beast::basic_stream<Protocol>;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

constexpr log::Event kAcceptFailed{1201, log::Level::warning, "admin.accept_failed"};
constexpr Duration kAcceptPause{100};  // out of descriptors: not a busy loop

asio::io_context& context_of(const io::Executor& executor) {
  return *static_cast<asio::io_context*>(executor.native());
}

}  // namespace

struct AdminServer::State : std::enable_shared_from_this<State> {
  State(io::Runtime& runtime_in, std::string path_in, Handler handler_in)
      : runtime(runtime_in),
        path(std::move(path_in)),
        handler(std::move(handler_in)),
        acceptor(context_of(runtime_in.main())),
        ended(runtime_in.main()) {}

  static io::Task<void> accept_all(std::shared_ptr<State> self);
  static io::Task<void> serve_one(std::shared_ptr<State> self, Protocol::socket socket);
  static io::Task<void> answer(std::shared_ptr<State> self, UnixStream& stream);

  io::Runtime& runtime;
  const std::string path;
  const Handler handler;
  SocketFile file;
  // On the main loop.
  Protocol::acceptor acceptor;
  io::Signal ended;
  std::size_t connections = 0;
  std::atomic<bool> closing{false};
  log::Gate failures{1};  // lines a minute

  void tell_failure(const std::string& error);
};

void AdminServer::State::tell_failure(const std::string& error) {
  std::uint64_t left_out = 0;
  if (!failures.open(system_clock().now(), left_out)) return;
  log::write(kAcceptFailed, {{"error", error}, {"left_out", std::to_string(left_out)}});
}

io::Task<void> AdminServer::State::accept_all(std::shared_ptr<State> self) {
  while (!self->closing) {
    if (self->connections >= kMaxConnections) {
      (void)co_await self->ended.wait(kRequestTimeout);
      continue;
    }
    const io::Executor loop = self->runtime.next();
    Protocol::socket socket(context_of(loop));
    const auto [error] = co_await self->acceptor.async_accept(socket, use_tuple);
    if (self->closing) break;
    if (error) {
      self->tell_failure(error.message());
      co_await io::sleep_for(kAcceptPause);
      continue;
    }
    ++self->connections;
    loop.spawn("admin connection", serve_one(self, std::move(socket)));
  }
}

io::Task<void> AdminServer::State::serve_one(std::shared_ptr<State> self, Protocol::socket socket) {
  {
    UnixStream stream(std::move(socket));
    co_await answer(self, stream);
  }
  self->runtime.main().post([self] {
    --self->connections;
    self->ended.notify();
  });
}

io::Task<void> AdminServer::State::answer(std::shared_ptr<State> self, UnixStream& stream) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(kMaxHeaderOctets);
  parser.body_limit(kMaxRequestOctets);
  beast::flat_buffer buffer;
  stream.expires_after(kRequestTimeout);
  [[maybe_unused]] const auto [read_error, received] =
      co_await http::async_read(stream, buffer, parser, use_tuple);

  Response response;
  if (!read_error) {
    const auto& message = parser.get();
    Request request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    request.body = message.body();
    std::string user = peer_user(stream.socket().native_handle());
    response = co_await self->handler(std::move(request), std::move(user));
  } else if (read_error == http::error::body_limit) {
    response = error_response(413, "the body is too large");
  } else if (read_error == http::error::header_limit) {
    response = error_response(431, "the header is too large");
  } else if (read_error == beast::error::timeout || read_error == http::error::end_of_stream) {
    co_return;  // nobody is left to read an answer
  } else {
    response = error_response(400, "not understood: " + read_error.message());
  }

  http::response<http::string_body> out(static_cast<http::status>(response.status), 11);
  out.set(http::field::content_type, "application/json");
  out.keep_alive(false);
  out.body() = std::move(response.body) + "\n";
  out.prepare_payload();
  stream.expires_after(kResponseTimeout);
  // A client that went away has lost its answer; what it asked for was done.
  (void)co_await http::async_write(stream, out, use_tuple);
  beast::error_code ignored;
  stream.socket().shutdown(Protocol::socket::shutdown_send, ignored);
}

Result<std::unique_ptr<AdminServer>> AdminServer::listen(io::Runtime& runtime,
                                                         const std::string& path, Handler handler) {
  auto state = std::make_shared<State>(runtime, path, std::move(handler));
  TRY(state->file, open_socket_file(path));
  beast::error_code error;
  state->acceptor.assign(Protocol(), state->file.fd, error);
  if (error) return fail(error, "admin.listen: " + path);
  runtime.main().spawn("admin", State::accept_all(state));
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(state)));
}

AdminServer::AdminServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

AdminServer::~AdminServer() {
  state_->closing = true;
  remove_socket_file(state_->path, state_->file);
  state_->runtime.main().post([state = state_] {
    beast::error_code ignored;
    state->acceptor.close(ignored);
    state->ended.notify();
  });
}

}  // namespace postern::admin
