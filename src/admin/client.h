// The other end of the admin socket: one blocking request, for commands.
#pragma once

#include <string>
#include <system_error>

#include "admin/api.h"
#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/result.h"

namespace postern::admin {

enum class admin_errc {
  not_running = 1,  // nobody answers on the socket
  forbidden,        // the socket is another user's
  not_found,        // 404, with the gateway's words
  refused,          // another 4xx or 5xx, with the gateway's words
  no_answer,        // timeout, or the gateway went away
};
[[nodiscard]] std::error_code make_error_code(admin_errc code);

constexpr std::size_t kMaxResponseOctets = 256 << 20;

// `timeout` bounds connecting, sending and the wait for each part of the answer, together.
[[nodiscard]] Result<Json> request(const std::string& socket_path, const Request& request,
                                   Duration timeout);

}  // namespace postern::admin

template <>
struct std::is_error_code_enum<postern::admin::admin_errc> : std::true_type {};
