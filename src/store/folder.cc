#include "store/folder.h"

#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace postern::store {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kFolderMode = S_IRWXU;

bool is_wide(const std::string& folder, struct stat& found) {
  return ::stat(folder.c_str(), &found) == 0 && (found.st_mode & kOthers) != 0;
}

bool is_ours_by_default(const std::string& folder, const struct stat& found) {
  return found.st_uid == ::geteuid() && std::filesystem::path(folder).filename() == "var" &&
         std::filesystem::path(folder) != "/var";
}

}  // namespace

std::string folder_of(const std::string& url) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (!url.starts_with(kSqlite)) return {};
  return std::filesystem::path(url.substr(kSqlite.size())).parent_path().string();
}

bool stays_open_to_others(const std::string& folder) {
  struct stat found{};
  return is_wide(folder, found) && !is_ours_by_default(folder, found);
}

void close_default_folder(const std::string& folder) {
  struct stat found{};
  // Refused by the file system: config check still warns, and the files themselves are 0600.
  if (is_wide(folder, found) && is_ours_by_default(folder, found))
    (void)::chmod(folder.c_str(), kFolderMode);
}

}  // namespace postern::store
