// A policy::Draft as a TOML file with comments, for an administrator to go on with. It passes
// config check: what needs files that are not there yet stands in comments.
#pragma once

#include <string>

#include "policy/draft.h"

namespace postern::config {

[[nodiscard]] std::string write_draft(const policy::Draft& draft);

}  // namespace postern::config
