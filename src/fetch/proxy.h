// Which proxy a fetch goes through: the configured one, else what the environment says in the
// variables that curl and its like read. Decided here and told to libcurl, because an address that
// is connected to means something else where it is a proxy's. Pure.
#pragma once

#include <functional>
#include <string>

#include "fetch/guard.h"

namespace postern::fetch {

// Value of an environment variable; empty: not set.
using Environment = std::function<std::string(const char* name)>;
[[nodiscard]] std::string process_environment(const char* name);

// The proxy for `url`, as libcurl takes it; empty: none. `configured`: server.fetch_proxy ("none":
// no proxy, whatever the environment says; empty: the environment decides: http_proxy, https_proxy,
// HTTPS_PROXY, all_proxy, ALL_PROXY; and no_proxy, NO_PROXY, which stand above them. HTTP_PROXY in
// capitals is not read, as in curl: a CGI's client can set it).
[[nodiscard]] std::string proxy_for(const Url& url, const std::string& configured,
                                    const Environment& environment);

}  // namespace postern::fetch
