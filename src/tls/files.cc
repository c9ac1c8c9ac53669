#include "tls/files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern::tls {
namespace {

constexpr std::size_t kReadBlock = 64 * 1024;

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

std::vector<std::string> glob_files(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> out;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    out.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return out;
}

}  // namespace

Result<FileContent> read_file(const std::string& path) {
  // Without O_NONBLOCK a FIFO in place of a file would block for ever.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat about{};
  if (file.value < 0 || ::fstat(file.value, &about) != 0) return fail_errno(errno, path);
  if (!S_ISREG(about.st_mode)) return invalid(path + ": not a file");
  if (static_cast<std::size_t>(about.st_size) > kMaxMaterialFileOctets)
    return invalid(path + ": longer than " + std::to_string(kMaxMaterialFileOctets) + " octets");
  FileContent content;
  content.readable_by_all = (about.st_mode & S_IROTH) != 0;
  content.modified = Time(std::chrono::seconds(about.st_mtim.tv_sec) +
                          std::chrono::milliseconds(about.st_mtim.tv_nsec / 1'000'000));
  std::string block(kReadBlock, '\0');
  for (;;) {
    const ssize_t got = ::read(file.value, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, path);
    if (got == 0) return content;
    content.octets.append(block, 0, static_cast<std::size_t>(got));
    if (content.octets.size() > kMaxMaterialFileOctets)
      return invalid(path + ": grows while it is read");
  }
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

Expanded expand(const std::string& pattern) {
  Expanded out;
  if (is_folder(pattern)) {
    for (const char* suffix : {"/*.pem", "/*.crt", "/*.cer"})
      for (std::string& file : glob_files(pattern + suffix)) out.files.push_back(std::move(file));
    out.watched.push_back(pattern);
  } else if (pattern.find_first_of("*?[") != std::string::npos) {
    out.files = glob_files(pattern);
    out.watched.push_back(std::filesystem::path(pattern).parent_path().string());
  } else {
    out.files.push_back(pattern);
  }
  std::ranges::sort(out.files);
  out.watched.insert(out.watched.end(), out.files.begin(), out.files.end());
  return out;
}

}  // namespace postern::tls
