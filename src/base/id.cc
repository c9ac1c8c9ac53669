#include "base/id.h"

#include <atomic>
#include <random>

#include "base/text.h"

namespace postern {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::uint64_t kEpochMs = 1'577'836'800'000;  // 2020-01-01
constexpr unsigned kSequenceBits = 22;
constexpr size_t kTextLength = 13;

}  // namespace

std::uint64_t make_id_value(Time now) {
  // Monotonic whatever the clock does: the last value given out plus one, or the time where that is
  // later.
  static std::atomic<std::uint64_t> last{0};
  static const std::uint64_t start = std::random_device{}() & 0xFFFFF;
  const auto ms = static_cast<std::uint64_t>(now.time_since_epoch().count()) - kEpochMs;
  const std::uint64_t candidate = (ms << kSequenceBits) + start;
  std::uint64_t previous = last.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = previous >= candidate ? previous + 1 : candidate;
  } while (!last.compare_exchange_weak(previous, next, std::memory_order_relaxed));
  return next;
}

std::string format_id(std::uint64_t value) {
  std::string out(kTextLength, '0');
  for (size_t i = kTextLength; i-- > 0; value >>= 5) out[i] = kAlphabet[value & 31];
  return out;
}

std::optional<std::uint64_t> parse_id(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(to_upper(c));
    if (digit == std::string_view::npos || value >> 59 != 0) return std::nullopt;
    value = value << 5 | digit;
  }
  return value;
}

}  // namespace postern
