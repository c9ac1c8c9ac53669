// How often and how much at once a host is asked. Values only; not thread-safe.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/clock.h"

namespace postern::fetch {

class HostRate {
 public:
  HostRate(std::size_t max_at_once, std::size_t max_starts, Duration span)
      : max_at_once_(max_at_once), max_starts_(max_starts), span_(span) {}

  enum class Say { start, wait, too_often };
  // Whether a request to `host` may begin at `now`; `start` counts it.
  [[nodiscard]] Say ask(const std::string& host, Time now);
  void ended(const std::string& host);
  [[nodiscard]] std::size_t hosts() const { return hosts_.size(); }

 private:
  struct Host {
    std::size_t running = 0;
    std::deque<Time> starts;
  };
  void forget_old(Time now);

  std::size_t max_at_once_, max_starts_;
  Duration span_;
  std::map<std::string, Host> hosts_;
};

}  // namespace postern::fetch
