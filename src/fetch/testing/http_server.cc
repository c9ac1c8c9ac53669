#include "fetch/testing/http_server.h"

#include <array>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

namespace postern::fetch::testing {
namespace {

// Until the header ends and Content-Length octets after it have come.
HttpRequest read_request(int socket) {
  std::string wire;
  std::array<char, 4096> buffer{};
  HttpRequest out;
  std::size_t wanted = std::string::npos;
  while (wanted == std::string::npos || wire.size() < wanted) {
    const ssize_t got = read(socket, buffer.data(), buffer.size());
    if (got <= 0) return {};
    wire.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t end = wire.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    out.headers = wire.substr(0, end);
    const std::size_t length = out.headers.find("Content-Length: ");
    const std::size_t body = length == std::string::npos
                                 ? 0
                                 : std::strtoul(out.headers.c_str() + length + 16, nullptr, 10);
    wanted = end + 4 + body;
    out.body = wire.substr(end + 4);
  }
  const auto words = split(std::string_view(out.headers).substr(0, out.headers.find("\r\n")), ' ');
  if (words.size() > 1) {
    out.method = words[0];
    out.path = words[1];
  }
  return out;
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    std::abort();
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (std::thread& thread : serving_) thread.join();
  close(listener_);
}

void HttpServer::accept_all() {
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    ++connections_;
    serving_.emplace_back([this, socket] { serve(socket); });
  }
}

void HttpServer::serve(int socket) {
  const HttpRequest request = read_request(socket);
  if (!request.method.empty()) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const std::string answer = handler_(request);
    std::string_view left = answer;
    while (!left.empty()) {
      const ssize_t sent = send(socket, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  close(socket);
}

std::string HttpServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<HttpRequest> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string http_ok(const std::string& body, const std::string& fields) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields +
         "\r\n" + body;
}

std::string http_status(int status, const std::string& fields) {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Length: 0\r\n" + fields + "\r\n";
}

}  // namespace postern::fetch::testing
