#include "fetch/cache.h"

#include <algorithm>

#include "base/text.h"

namespace postern::fetch {
namespace {

std::size_t size_of(const std::shared_ptr<const std::string>& body) {
  return body == nullptr ? 0 : body->size();
}

}  // namespace

Time fresh_until(verdict::FetchKind kind, std::optional<Time> ends, std::optional<Duration> max_age,
                 Time now) {
  if (kind == verdict::FetchKind::mta_sts) return now + kMinFresh;
  if (ends && *ends <= now) return now + kMinFailed;  // stale as it came
  const Duration most = kind == verdict::FetchKind::aia ? kMaxFreshIssuer
                        : ends                          ? kMaxFreshRevocation
                                                        : kFreshWithoutEnd;
  Time until = std::min(ends.value_or(Time::max()), now + most);
  if (max_age) until = std::min(until, now + *max_age);
  return std::max(until, now + kMinFresh);
}

std::optional<Duration> parse_max_age(std::string_view cache_control) {
  constexpr std::string_view kName = "max-age=";
  std::optional<Duration> out;
  for (const std::string_view part : split(cache_control, ',')) {
    const std::string_view word = trim(part);
    if (iequals(word, "no-store") || iequals(word, "no-cache")) return Duration::zero();
    if (!istarts_with(word, kName)) continue;
    const auto seconds = parse_uint(word.substr(kName.size()), UINT32_MAX);
    if (seconds) out = std::chrono::seconds(*seconds);
  }
  return out;
}

Cache::Entry& Cache::touch(const std::string& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    order_.splice(order_.end(), order_, found->second.place);
    return found->second;
  }
  Entry& entry = entries_[key];
  entry.place = order_.insert(order_.end(), key);
  return entry;
}

void Cache::set_body(Entry& entry, std::shared_ptr<const std::string> body) {
  octets_ -= size_of(entry.body);
  octets_ += size_of(body);
  entry.body = std::move(body);
}

void Cache::back_off(Entry& entry, Time now) {
  constexpr unsigned kMaxDoublings = 6;  // beyond kMaxFailed
  const unsigned doublings = std::min(entry.failures, kMaxDoublings);
  entry.fresh_until = now + std::min(kMaxFailed, kMinFailed * (1 << doublings));
  ++entry.failures;
}

void Cache::shrink() {
  while (!order_.empty() && (entries_.size() > kMaxCacheEntries || octets_ > max_octets_)) {
    const auto oldest = entries_.find(order_.front());
    octets_ -= size_of(oldest->second.body);
    entries_.erase(oldest);
    order_.pop_front();
  }
}

std::optional<Answer> Cache::find(const std::string& key, Time now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.fresh_until <= now) return std::nullopt;
  const Entry& entry = touch(key);
  return Answer{entry.body, entry.error, true};
}

void Cache::put(const std::string& key, std::shared_ptr<const std::string> body, Time fresh_until,
                std::optional<Time> ends) {
  Entry& entry = touch(key);
  set_body(entry, std::move(body));
  entry.error.clear();
  entry.fresh_until = fresh_until;
  entry.ends = ends;
  entry.failures = 0;
  shrink();
}

Answer Cache::put_failure(const std::string& key, std::string error, Time now) {
  Entry& entry = touch(key);
  back_off(entry, now);
  // A list that is in force counts, even where the server that had it is away now.
  if (entry.body != nullptr && entry.ends && now < *entry.ends) return {entry.body, "", true};
  set_body(entry, nullptr);
  entry.error = std::move(error);
  Answer answer{nullptr, entry.error, false};
  shrink();
  return answer;
}

void Cache::forget_failures() {
  for (auto& [key, entry] : entries_)
    if (entry.body == nullptr) entry.fresh_until = Time::min();
}

void Cache::doubt(const std::string& key, Time now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.body == nullptr) return;
  Entry& entry = found->second;
  const Time before = entry.fresh_until;
  back_off(entry, now);
  entry.fresh_until = std::min(entry.fresh_until, before);
  entry.ends.reset();  // nor is it kept when the next try fails
}

}  // namespace postern::fetch
