// Files as materials need them. Within tls only.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace postern::tls {

constexpr std::size_t kMaxMaterialFileOctets = 64 << 20;  // the longest public CRLs fit

struct FileContent {
  std::string octets;
  Time modified;
  bool readable_by_all = false;
};
// Errors: the system's words with the path.
[[nodiscard]] Result<FileContent> read_file(const std::string& path);
[[nodiscard]] bool is_folder(const std::string& path);

struct Expanded {
  std::vector<std::string> files;    // sorted
  std::vector<std::string> watched;  // the files, and the folders where more may appear
};
// What `pattern` means: a file (whether it exists or not), a glob, or a folder (its *.pem, *.crt
// and *.cer).
[[nodiscard]] Expanded expand(const std::string& pattern);

}  // namespace postern::tls
