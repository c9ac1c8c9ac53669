#include "fetch/rate.h"

namespace postern::fetch {

void HostRate::forget_old(Time now) {
  for (auto at = hosts_.begin(); at != hosts_.end();) {
    std::deque<Time>& starts = at->second.starts;
    while (!starts.empty() && starts.front() + span_ <= now) starts.pop_front();
    at = starts.empty() && at->second.running == 0 ? hosts_.erase(at) : std::next(at);
  }
}

HostRate::Say HostRate::ask(const std::string& host, Time now) {
  forget_old(now);
  Host& entry = hosts_[host];
  if (entry.running >= max_at_once_) return Say::wait;
  if (entry.starts.size() >= max_starts_) return Say::too_often;
  ++entry.running;
  entry.starts.push_back(now);
  return Say::start;
}

void HostRate::ended(const std::string& host) {
  const auto found = hosts_.find(host);
  if (found != hosts_.end() && found->second.running > 0) --found->second.running;
}

}  // namespace postern::fetch
