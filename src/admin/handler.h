// The gateway behind the admin socket: a request becomes a question or command to relay::Control.
#pragma once

#include <memory>

#include "admin/server.h"
#include "relay/gateway.h"

namespace postern::admin {

// `gateway` must outlive its runtime's tasks.
[[nodiscard]] Handler gateway_handler(relay::Gateway& gateway);
// Listens on the socket that the gateway's configuration names.
[[nodiscard]] Result<std::unique_ptr<AdminServer>> listen_for(relay::Gateway& gateway);

}  // namespace postern::admin
