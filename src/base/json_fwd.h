#pragma once

#include <nlohmann/json_fwd.hpp>

namespace postern {
using Json = nlohmann::ordered_json;
}
