#include "store/sqlite/space.h"

#include <sys/statvfs.h>

namespace postern::store::sqlite {

SpaceProbe space_of(const std::string& folder) {
  return [folder = folder.empty() ? std::string(".") : folder]() -> std::optional<std::uint64_t> {
    struct statvfs facts{};
    if (::statvfs(folder.c_str(), &facts) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
  };
}

std::uint64_t SpaceGauge::measure() {
  if (const std::optional<std::uint64_t> now = probe_()) known_ = *now;
  return known_;
}

bool SpaceGauge::is_due(Clock::time_point now) {
  Clock::time_point before = asked_;
  const bool is_old = before == Clock::time_point::min() || now - before >= kMaxAge;
  return is_old && asked_.compare_exchange_strong(before, now);
}

}  // namespace postern::store::sqlite
