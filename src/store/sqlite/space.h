// Free space on the store's file system. Asking a file system may take long (one that is mounted
// over a network, a disk in trouble), so event loops go by what was measured last, and the writer
// thread measures again where that is old. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace postern::store::sqlite {

// Octets free for us now; nullopt: the file system does not say.
using SpaceProbe = std::function<std::optional<std::uint64_t>()>;
[[nodiscard]] SpaceProbe space_of(const std::string& folder);

class SpaceGauge {
 public:
  using Clock = std::chrono::steady_clock;
  // How much mail can come in between two measurements is how far the floor may be missed.
  static constexpr Clock::duration kMaxAge = std::chrono::seconds(1);

  explicit SpaceGauge(SpaceProbe probe) : probe_(std::move(probe)) {}

  // Asks the file system. Where it does not answer, what is known stays. Blocking.
  std::uint64_t measure();
  // What was measured last; 0: nothing yet. Never blocks.
  [[nodiscard]] std::uint64_t known() const { return known_; }
  // True for one caller each kMaxAge, the first one at once: have it measured. Never blocks.
  [[nodiscard]] bool is_due(Clock::time_point now);

 private:
  SpaceProbe probe_;
  std::atomic<std::uint64_t> known_{0};
  std::atomic<Clock::time_point> asked_{Clock::time_point::min()};
};

}  // namespace postern::store::sqlite
