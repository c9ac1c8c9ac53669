// For the client's tests: an HTTP server on 127.0.0.1 that says what the test wants, a thread a
// connection, one request each.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace postern::fetch::testing {

struct HttpRequest {
  std::string method, path, headers, body;
};

class HttpServer {
 public:
  // What goes on the wire in answer, as it is; empty: the connection is closed. Runs on the
  // connection's thread.
  using Handler = std::function<std::string(const HttpRequest&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path) const;
  [[nodiscard]] std::vector<HttpRequest> requests() const;
  [[nodiscard]] std::size_t connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int socket);

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::vector<std::thread> serving_;
  std::atomic<std::size_t> connections_{0};
  std::thread accepting_;
};

// "HTTP/1.1 200 OK" with the fields given ("Name: value\r\n" each) and a length.
[[nodiscard]] std::string http_ok(const std::string& body, const std::string& fields = {});
[[nodiscard]] std::string http_status(int status, const std::string& fields = {});

}  // namespace postern::fetch::testing
