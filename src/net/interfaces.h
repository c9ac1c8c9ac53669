// The machine's own addresses.
#pragma once

#include <string>
#include <vector>

namespace postern::net {

// Of every interface that is up, textual, without zone. Asked anew each time: addresses come and
// go. Empty where the system does not say.
[[nodiscard]] std::vector<std::string> interface_addresses();

}  // namespace postern::net
