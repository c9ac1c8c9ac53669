// HTTP by libcurl, with limits. Blocking: call on a pool. http and https only, certificates checked
// against the system's roots.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace postern::fetch {

constexpr std::size_t kMaxResponseOctets = 64 * 1024;

// POST of `json` to `url`. Success: a 2xx answer. Errors: what curl or the server said, with the
// URL's host.
[[nodiscard]] Result<void> post_json(const std::string& url, const std::string& json,
                                     Duration timeout);

}  // namespace postern::fetch
