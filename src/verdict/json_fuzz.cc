// What is read back from stored JSON, whoever wrote it, can be written again and reads the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "verdict/evidence.h"
#include "verdict/verdict.h"

namespace {

using postern::Json;

template <class T>
void round_trip(const Json& json, postern::Result<T> (*read)(const Json&)) {
  const postern::Result<T> value = read(json);
  if (!value) return;
  const std::string written = postern::dump_json(to_json(*value));
  const auto again = read(postern::parse_json(written).value());
  if (!again || postern::dump_json(to_json(*again)) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json =
      postern::parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!json) return 0;
  round_trip(*json, postern::verdict::evidence_from_json);
  round_trip(*json, postern::verdict::verdict_from_json);
  return 0;
}
