// JSON, by nlohmann-json. Objects keep the order in which members were added, so that output reads
// as documented. This header is the only one that includes the library; headers of other modules
// include base/json_fwd.h.
#pragma once

#include <nlohmann/json.hpp>

#include "base/json_fwd.h"
#include "base/result.h"

namespace postern {

// Errors: invalid, with the offset. Depth is bounded (kMaxJsonDepth); never throws.
[[nodiscard]] Result<Json> parse_json(std::string_view text);
// One line; octets that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string dump_json(const Json& value);
[[nodiscard]] std::string dump_json_pretty(const Json& value);

}  // namespace postern
