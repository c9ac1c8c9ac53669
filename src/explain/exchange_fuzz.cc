// Any octets as output of Exchange cmdlets: bounded, lines within the text, text that is UTF-8.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "explain/exchange.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const std::string octets(reinterpret_cast<const char*>(data), size);
  const explain::ReadObjects read = explain::read_objects(octets);
  // Every character is at least one octet, so no text has more lines than octets and one.
  const auto most_lines = static_cast<int>(size) + 1;
  for (const explain::CmdletObject& object : read.objects) {
    if (object.properties.empty() || object.properties.size() > explain::kMaxExportProperties)
      std::abort();
    for (const explain::Property& property : object.properties) {
      if (property.first_line < 1 || property.last_line < property.first_line ||
          property.last_line > most_lines)
        std::abort();
      if (property.lost && !property.text.empty()) std::abort();
    }
  }
  const explain::ExchangeEstate estate = explain::read_exchange({{"input", octets}});
  if (estate.size() > read.objects.size()) std::abort();
  return 0;
}
