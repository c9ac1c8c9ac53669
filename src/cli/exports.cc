#include "cli/exports.h"

#include <algorithm>
#include <filesystem>

#include "cli/command.h"

namespace postern::cli {
namespace {

constexpr std::size_t kMaxExportFiles = 1000;

}  // namespace

Result<std::vector<explain::ExportFile>> read_exports(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      std::error_code ignored;
      if (entry.is_regular_file(ignored)) names.push_back(entry.path().string());
    }
    std::ranges::sort(names);
  } else {
    names.push_back(path);
  }
  if (error) return invalid(path + ": " + error.message());
  if (names.empty())
    return invalid(path + " is empty: save Get-ExchangeCertificate | fl and its like into it");
  if (names.size() > kMaxExportFiles)
    return invalid(path + " holds more than " + std::to_string(kMaxExportFiles) + " files");
  std::vector<explain::ExportFile> out;
  for (const std::string& name : names) {
    TRY(std::string octets, read_file(name));
    out.push_back({std::filesystem::path(name).filename().string(), std::move(octets)});
  }
  return out;
}

}  // namespace postern::cli
