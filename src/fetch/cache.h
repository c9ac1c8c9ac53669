// What was fetched, and what could not be, for a while. Bounded in entries and octets; what was not
// asked for longest goes first. Values only: the time comes in. Not thread-safe.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "fetch/fetcher.h"

namespace postern::fetch {

using namespace std::chrono_literals;

constexpr std::size_t kMaxCacheEntries = 2'000;
constexpr std::size_t kMaxCacheOctets = 64 << 20;
// A certificate that is revoked shows in a new list long before the old one ends: what says when it
// ends is believed for this long at most.
constexpr Duration kMaxFreshRevocation = 4h;
constexpr Duration kMaxFreshIssuer = 24h;
constexpr Duration kFreshWithoutEnd = 1h;  // an answer that names no end (RFC 6960 s4.2.2.1)
constexpr Duration kMinFresh = 1min;       // whatever `max-age` says: a server is not hammered
// A place that failed is left alone this long, and twice as long each further time.
constexpr Duration kMinFailed = 5s, kMaxFailed = 5min;

// Until when an answer is used without being asked for again; a policy for kMinFresh alone, since
// HTTP caching is not for it (RFC 8461 s3.3). `ends`: its own nextUpdate;
// `max_age`: the server's word, which can shorten and never lengthen.
[[nodiscard]] Time fresh_until(verdict::FetchKind kind, std::optional<Time> ends,
                               std::optional<Duration> max_age, Time now);
// The seconds of "max-age" in a Cache-Control field; 0 for no-store and no-cache. RFC 9111 s5.2.
[[nodiscard]] std::optional<Duration> parse_max_age(std::string_view cache_control);

class Cache {
 public:
  explicit Cache(std::size_t max_octets = kMaxCacheOctets) : max_octets_(max_octets) {}

  // What is fresh at `now`; nullopt: ask.
  [[nodiscard]] std::optional<Answer> find(const std::string& key, Time now);
  void put(const std::string& key, std::shared_ptr<const std::string> body, Time fresh_until,
           std::optional<Time> ends);
  // Returns what counts now: an earlier answer that is in force still, else the failure.
  [[nodiscard]] Answer put_failure(const std::string& key, std::string error, Time now);
  // What failed may be asked for again at once.
  void forget_failures();
  // What is there settles nothing: it is fresh only as long as a failure is.
  void doubt(const std::string& key, Time now);

  [[nodiscard]] std::size_t entries() const { return entries_.size(); }
  [[nodiscard]] std::size_t octets() const { return octets_; }

 private:
  struct Entry {
    std::shared_ptr<const std::string> body;
    std::string error;
    Time fresh_until{};
    std::optional<Time> ends;
    unsigned failures = 0;  // in a row
    std::list<std::string>::iterator place;
  };
  [[nodiscard]] Entry& touch(const std::string& key);
  void set_body(Entry& entry, std::shared_ptr<const std::string> body);
  void back_off(Entry& entry, Time now);
  void shrink();

  std::size_t max_octets_;
  std::size_t octets_ = 0;
  std::map<std::string, Entry> entries_;
  std::list<std::string> order_;  // least recently asked first
};

}  // namespace postern::fetch
