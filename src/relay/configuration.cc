#include "relay/configuration.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "store/folder.h"

namespace postern::relay {
namespace {

constexpr std::uintmax_t kMaxConfigurationOctets = 16 << 20;

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return fail(error, path);
  if (size > kMaxConfigurationOctets) return invalid(path + " is larger than any configuration");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return fail_errno(errno, "cannot read " + path);
  return std::move(text).str();
}

bool any_error(const std::vector<config::Diagnostic>& diagnostics) {
  for (const config::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == config::Severity::error) return true;
  }
  return false;
}

// Mail lies in it: for its owner's eyes alone.
void warn_of_open_folder(const policy::Config& configuration,
                         std::vector<config::Diagnostic>& diagnostics) {
  const std::string folder = store::folder_of(configuration.server.store);
  if (!store::stays_open_to_others(folder)) return;
  diagnostics.push_back({config::Severity::warning, configuration.server.where,
                         "server.store: others than its owner may enter the folder " + folder +
                             ", where mail is kept; chmod 700 it, or choose a folder of its own"});
}

}  // namespace

Configuration load_configuration(const std::string& file, const tls::Materials* previous,
                                 Time now) {
  Configuration out;
  const std::string absolute = std::filesystem::absolute(file).lexically_normal().string();
  const Result<std::string> text = read_file(absolute);
  if (!text) {
    config::Diagnostic diagnostic;
    diagnostic.where.file = absolute;
    diagnostic.message = "cannot be read: " + text.error().what();
    out.diagnostics.push_back(std::move(diagnostic));
    return out;
  }
  config::Loaded loaded = config::parse_config(*text, absolute);
  out.diagnostics = std::move(loaded.diagnostics);
  if (any_error(out.diagnostics)) return out;
  auto configuration = std::make_shared<const policy::Config>(std::move(loaded.config));
  tls::LoadResult materials = tls::load_materials(*configuration, previous, now);
  out.notices = std::move(materials.notices);
  out.materials_changed = materials.changed;
  const std::vector<config::Diagnostic> found = config::check_loaded(
      *configuration, materials.materials->certificates, materials.materials->trust, now);
  out.diagnostics.insert(out.diagnostics.end(), found.begin(), found.end());
  warn_of_open_folder(*configuration, out.diagnostics);
  if (any_error(out.diagnostics)) return out;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = std::move(configuration);
  snapshot->materials = std::move(materials.materials);
  out.snapshot = std::move(snapshot);
  return out;
}

}  // namespace postern::relay
