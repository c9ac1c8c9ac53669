// URLs out of certificates, and the Cache-Control of any server.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fetch/answer.h"
#include "fetch/cache.h"
#include "fetch/guard.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)fetch::parse_max_age(input);
  const Result<fetch::Url> url = fetch::parse_url(input);
  if (!url) return 0;
  if ((url->scheme != "http" && url->scheme != "https") || url->host.empty() || url->port == 0)
    std::abort();
  // What was read reads the same again, and is a redirect within its own host.
  const Result<fetch::Url> again = fetch::parse_url(url->text);
  if (again && again->host != url->host) std::abort();
  if (again && !fetch::check_redirect(*url, url->text)) std::abort();
  (void)fetch::ocsp_get_url(url->text, input);
  return 0;
}
