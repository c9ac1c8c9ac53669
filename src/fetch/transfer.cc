#include "fetch/transfer.h"

#include <array>
#include <cstring>
#include <mutex>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"
#include "fetch/cache.h"

namespace postern::fetch {
namespace {

struct Place {
  std::string address;
  std::uint16_t port = 0;
};

Place place_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  Place out;
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    out = {text.data(), ntohs(in.sin_port)};
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
    out = {text.data(), ntohs(in.sin6_port)};
  }
  return out;
}

}  // namespace

void start_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Transfer::Transfer(Request request, const Guard& guard)
    : request_(std::move(request)), guard_(guard), handle_(curl_easy_init()) {
  if (!handle_) return;
  CURL* curl = handle_.get();
  curl_easy_setopt(curl, CURLOPT_URL, request_.url.text.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  // Always set, even empty: libcurl does not look at the environment again.
  curl_easy_setopt(curl, CURLOPT_PROXY, request_.proxy.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Postern");
  const char* type = request_.post ? "Content-Type: application/ocsp-request" : "Accept: */*";
  headers_.reset(curl_slist_append(nullptr, type));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
  if (request_.post) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request_.post->data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.post->size()));
  }
  set_limits();
  set_trust();
  set_callbacks();
}

// What only libcurl's defaults would say otherwise.
void Transfer::set_trust() {
  CURL* curl = handle_.get();
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);  // the certificate bears the name
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words_.data());
  if (request_.roots_pem == nullptr || request_.roots_pem->empty()) return;
  curl_blob roots{};
  // libcurl only reads it, and request_ keeps it.
  roots.data = const_cast<char*>(request_.roots_pem->data());
  roots.len = request_.roots_pem->size();
  roots.flags = CURL_BLOB_NOCOPY;
  curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &roots);
}

void Transfer::set_limits() {
  CURL* curl = handle_.get();
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTimeLimit.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(kTransferTimeLimit.count()));
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.max_octets));
  // Each fetch connects anew, so that each is judged by its address.
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  // A name server that says nothing must not hold up the thread when the transfer is given up.
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
}

void Transfer::set_callbacks() {
  CURL* curl = handle_.get();
  curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::take_octets);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
}

curl_socket_t Transfer::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  // The address of a proxy is the configuration's choice, not the certificate's.
  if (transfer.request_.proxy.empty()) {
    const Place place = place_of(address->addr);
    transfer.objection_ =
        transfer.guard_.objection(transfer.request_.url, place.address, place.port);
    if (!transfer.objection_.empty()) return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Transfer::take_octets(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t octets = size * count;
  transfer.too_long_ = transfer.body_.size() + octets > transfer.request_.max_octets;
  if (transfer.too_long_) return 0;  // ends the transfer
  transfer.body_.append(data, octets);
  return octets;
}

std::size_t Transfer::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  constexpr std::string_view kCacheControl = "cache-control:";
  if (istarts_with(line, kCacheControl)) {
    if (const auto age = parse_max_age(trim(line.substr(kCacheControl.size()))))
      transfer.max_age_ = age;
  }
  return line.size();
}

std::string Transfer::failure(CURLcode code) const {
  if (code == CURLE_OK) return {};
  if (too_long_ || code == CURLE_FILESIZE_EXCEEDED)
    return "the answer is longer than " + std::to_string(request_.max_octets) + " octets";
  if (!objection_.empty()) return "not asked: " + objection_;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the name " + request_.url.host + " does not resolve";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "the name of the proxy does not resolve";
    case CURLE_COULDNT_CONNECT: {
      long number = 0;
      curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &number);
      return number == 0
                 ? "cannot connect"
                 : "cannot connect: " + std::generic_category().message(static_cast<int>(number));
    }
    case CURLE_OPERATION_TIMEDOUT:
      return "no complete answer within the time limit";
    case CURLE_GOT_NOTHING:
      return "the server closed the connection without an answer";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the certificate of " + request_.url.host +
             " is not accepted: " + printable(words_.data(), 200);
    default:
      return curl_easy_strerror(code);
  }
}

std::string Transfer::content_type() const {
  char* type = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_TYPE, &type);
  return type == nullptr ? std::string() : std::string(type);
}

long Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string Transfer::redirect_to() const {
  char* url = nullptr;
  curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &url);
  return url == nullptr ? std::string() : std::string(url);
}

}  // namespace postern::fetch
