// Any octets as a configuration file: parsing ends, says something where it refuses, and names only
// places within the file.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "config/config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = postern::config::parse_config(text, "/etc/postern/postern.toml");
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  for (const auto& diagnostic : loaded.diagnostics) {
    if (diagnostic.message.empty() || diagnostic.where.line < 1) std::abort();
    if (diagnostic.where.line > lines + 1 || diagnostic.str().find('\n') != std::string::npos) {
      std::abort();
    }
  }
  if (loaded.ok() && loaded.config.server.hostname.empty()) std::abort();
  return 0;
}
