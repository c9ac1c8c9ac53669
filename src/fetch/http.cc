#include "fetch/http.h"

#include "fetch/guard.h"
#include "fetch/transfer.h"

namespace postern::fetch {
namespace {

std::size_t count_only(char*, std::size_t size, std::size_t count, void* seen) {
  auto* total = static_cast<std::size_t*>(seen);
  *total += size * count;
  return *total > kMaxResponseOctets ? 0 : size * count;  // 0 ends the transfer
}

// Where it went, for logs: the rest of a webhook's URL is often its secret.
std::string place_of(const std::string& url) {
  const Result<Url> read = parse_url(url);
  return read ? read->scheme + "://" + read->host : "its URL";
}

}  // namespace

Result<void> post_json(const std::string& url, const std::string& json, Duration timeout) {
  start_libcurl();
  const EasyPtr handle(curl_easy_init());
  const HeadersPtr headers(curl_slist_append(nullptr, "Content-Type: application/json"));
  if (!handle || !headers) return invalid("cannot start an HTTP request");
  std::size_t seen = 0;
  CURL* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &count_only);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &seen);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK)
    return invalid("POST to " + place_of(url) + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299)
    return invalid("POST to " + place_of(url) + ": HTTP status " + std::to_string(status));
  return {};
}

}  // namespace postern::fetch
