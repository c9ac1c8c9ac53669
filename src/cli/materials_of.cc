#include "cli/materials_of.h"

#include <filesystem>

#include "config/config_file.h"

namespace postern::cli {

Result<FileMaterials> load_file_materials(const Shell& shell, Time now) {
  TRY(const std::string file, find_configuration(shell));
  TRY(const std::string text, read_file(file));
  config::Loaded loaded =
      config::parse_config(text, std::filesystem::absolute(file).lexically_normal().string());
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == config::Severity::error)
      return invalid(diagnostic.str() + "; postern config check tells all");
  }
  FileMaterials out;
  out.config = std::move(loaded.config);
  out.now = now;
  out.materials = tls::load_materials(out.config, nullptr, now).materials;
  return out;
}

}  // namespace postern::cli
