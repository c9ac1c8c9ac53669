// Settings of other mail systems, saved as files: what Exchange's cmdlets print, main.cf and its
// tables.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "explain/exchange.h"

namespace postern::cli {

// The files of a folder, in the order of their names; or the one file that is given, "-" standard
// input. Errors: none there, too many, unreadable.
[[nodiscard]] Result<std::vector<explain::ExportFile>> read_exports(const std::string& path);

}  // namespace postern::cli
