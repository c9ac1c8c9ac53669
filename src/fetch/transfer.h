// One HTTP request by libcurl, as an easy handle for a multi handle. Never follows a redirect
// itself, never connects where the guard objects. Within fetch only.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

#include "base/clock.h"
#include "fetch/guard.h"

namespace postern::fetch {

constexpr Duration kConnectTimeLimit{8'000};
// A long list over a slow line: nobody waits so long, but who asks next has it.
constexpr Duration kTransferTimeLimit{60'000};

// Starts libcurl; every user of it calls this first.
void start_libcurl();

struct EasyDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct HeadersDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyPtr = std::unique_ptr<CURL, EasyDelete>;
using HeadersPtr = std::unique_ptr<curl_slist, HeadersDelete>;

class Transfer {
 public:
  struct Request {
    Url url;
    std::optional<std::string> post;               // an OCSP request in DER; nullopt: GET
    std::string proxy;                             // empty: none
    std::shared_ptr<const std::string> roots_pem;  // empty: the system's
    std::size_t max_octets = 0;
  };
  // `guard` outlives the transfer.
  Transfer(Request request, const Guard& guard);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* native() const { return handle_.get(); }
  [[nodiscard]] const Request& request() const { return request_; }

  // After it ended with `code`: why it failed, in words; empty: there is an HTTP answer.
  [[nodiscard]] std::string failure(CURLcode code) const;
  [[nodiscard]] long status() const;
  [[nodiscard]] std::string redirect_to() const;   // absolute; empty: no redirect
  [[nodiscard]] std::string content_type() const;  // empty: none was said
  [[nodiscard]] std::optional<Duration> max_age() const { return max_age_; }
  [[nodiscard]] std::string take_body() { return std::move(body_); }

 private:
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t take_octets(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  void set_limits();
  void set_trust();
  void set_callbacks();

  Request request_;
  const Guard& guard_;
  EasyPtr handle_;
  HeadersPtr headers_;
  std::string body_;
  std::array<char, CURL_ERROR_SIZE> words_{};  // libcurl's, of what failed
  std::string objection_;                      // the guard's, to the address that was tried last
  std::optional<Duration> max_age_;
  bool too_long_ = false;
};

}  // namespace postern::fetch
