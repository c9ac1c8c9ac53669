#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "dns/rdata.h"

// Total for any octets; what comes out is a name that can be looked up and shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const std::string_view rdata(reinterpret_cast<const char*>(data), size);
  if (const auto record = dns::parse_mx(rdata)) {
    POSTERN_CHECK(record->host.size() <= 253, "a name that is too long");
    for (const char c : record->host)
      POSTERN_CHECK(is_alnum(c) || c == '-' || c == '_' || c == '.', "a name with other octets");
  }
  (void)dns::parse_address(rdata);
  if (const auto text = dns::parse_txt(rdata))
    POSTERN_CHECK(text->size() < size || size == 0, "a text longer than its record");
  return 0;
}
