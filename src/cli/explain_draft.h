// postern explain --to-config: settings of another mail system as a draft of postern.toml.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace postern::cli {

// Writes the draft to standard output. Result: the exit code.
[[nodiscard]] int draft_from(const Shell& shell, const std::vector<std::string>& paths);

}  // namespace postern::cli
