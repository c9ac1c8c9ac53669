#include "io/descriptors.h"

#include <algorithm>

#include <sys/resource.h>

namespace postern::io {
namespace {

// POSIX: every process may have this many (_POSIX_OPEN_MAX); assumed where nothing can be asked.
constexpr std::uint64_t kLeast = 20;

}  // namespace

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : kLeast;
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // refused: the one in force is what is returned
  }
  return descriptor_limit();
}

std::size_t sessions_for(std::uint64_t limit) {
  const std::uint64_t reserve = std::min(limit / 4, kMaxReserve);
  return std::max<std::size_t>(1, (limit - reserve) / kDescriptorsPerSession);
}

}  // namespace postern::io
