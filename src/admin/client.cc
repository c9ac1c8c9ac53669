#include "admin/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/json.h"
#include "base/text.h"

namespace postern::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "postern.admin"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<admin_errc>(value)) {
      case admin_errc::not_running:
        return "no gateway answers";
      case admin_errc::forbidden:
        return "the socket is another user's";
      case admin_errc::not_found:
        return "not found";
      case admin_errc::refused:
        return "refused by the gateway";
      case admin_errc::no_answer:
        return "no answer from the gateway";
    }
    return "unknown";
  }
};

// connect, write, read: one after the other on a loop of its own, all under one deadline.
class Exchange {
 public:
  Exchange(const Request& request, Duration timeout) : stream_(context_) {
    out_.method_string(request.method);
    out_.target(request.target);
    out_.version(11);
    out_.set(http::field::host, "postern");
    out_.keep_alive(false);
    if (!request.body.empty()) out_.set(http::field::content_type, "application/json");
    out_.body() = request.body;
    out_.prepare_payload();
    parser_.body_limit(kMaxResponseOctets);
    stream_.expires_after(timeout);
  }

  void run(const Protocol::endpoint& endpoint) {
    stream_.async_connect(endpoint, [this](beast::error_code error) {
      connected_ = !error;
      if (failed(error)) return;
      write();
    });
    context_.run();
  }

  [[nodiscard]] const beast::error_code& error() const { return error_; }
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] unsigned status() const { return parser_.get().result_int(); }
  [[nodiscard]] const std::string& body() const { return parser_.get().body(); }

 private:
  bool failed(const beast::error_code& error) {
    error_ = error;
    return static_cast<bool>(error);
  }
  void write() {
    http::async_write(stream_, out_, [this](beast::error_code error, std::size_t) {
      if (!failed(error)) read();
    });
  }
  void read() {
    http::async_read(stream_, buffer_, parser_,
                     [this](beast::error_code error, std::size_t) { (void)failed(error); });
  }

  asio::io_context context_;
  beast::basic_stream<Protocol> stream_;
  http::request<http::string_body> out_;
  http::response_parser<http::string_body> parser_;
  beast::flat_buffer buffer_;
  beast::error_code error_;
  bool connected_ = false;
};

std::unexpected<Error> connection_error(const std::string& path, const Exchange& exchange) {
  const beast::error_code& error = exchange.error();
  if (exchange.connected() || error == beast::error::timeout)
    return fail(admin_errc::no_answer, path + ": " + error.message());
  if (error == boost::system::errc::permission_denied)
    return fail(admin_errc::forbidden, path + ": run this as the user that runs the gateway");
  return fail(admin_errc::not_running, path + ": " + error.message());
}

}  // namespace

std::error_code make_error_code(admin_errc code) {
  static const Category category;
  return {static_cast<int>(code), category};
}

Result<Json> request(const std::string& socket_path, const Request& request, Duration timeout) {
  Protocol::endpoint endpoint;
  if (socket_path.size() >= sizeof(sockaddr_un::sun_path))
    return fail(admin_errc::not_running, socket_path + " is too long for a socket");
  endpoint.path(socket_path);
  Exchange exchange(request, timeout);
  exchange.run(endpoint);
  if (exchange.error()) return connection_error(socket_path, exchange);
  const Result<Json> body = parse_json(exchange.body());
  if (exchange.status() == 200) {
    if (!body) return fail(admin_errc::no_answer, "an answer that is no JSON");
    return *body;
  }
  std::string words = "HTTP status " + std::to_string(exchange.status());
  if (body && body->is_object()) words = body->value("error", words);
  return fail(exchange.status() == 404 ? admin_errc::not_found : admin_errc::refused, words);
}

}  // namespace postern::admin
