// Any octets as a TLSA record, on the wire and as text: what is read is written back the same.
#include <cstdint>
#include <cstdlib>

#include "verdict/dane.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::verdict;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (const auto& record : {decode_tlsa(octets), parse_tlsa(octets)}) {
    if (!record) continue;
    const auto again = parse_tlsa(format_tlsa(*record));
    if (!again || *again != *record) std::abort();
    (void)match_tlsa({*record}, {}, {}, {});
  }
  return 0;
}
