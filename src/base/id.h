// Ids of things that live in the store, the logs and the JSON: Id<Tag>, never a bare integer.
// 64 bits: milliseconds since 2020 (42), then a per-process sequence that starts at random (22). So
// ids made later compare greater within one process, which makes the order of ids the order of
// arrival. Text form: 13 characters of Crockford's base 32, upper case ("0K3V7Q2M9X4TR").
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern {

[[nodiscard]] std::uint64_t make_id_value(Time now);  // thread-safe
[[nodiscard]] std::string format_id(std::uint64_t value);
[[nodiscard]] std::optional<std::uint64_t> parse_id(
    std::string_view text);  // case-insensitive; nullopt when no id

template <class Tag>
class Id {
 public:
  Id() = default;  // "no id": value 0
  explicit constexpr Id(std::uint64_t value) : value_(value) {}
  [[nodiscard]] static Id make(Time now) { return Id(make_id_value(now)); }
  [[nodiscard]] static std::optional<Id> parse(std::string_view text) {
    const auto value = parse_id(text);
    return value ? std::optional<Id>(Id(*value)) : std::nullopt;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }
  [[nodiscard]] std::string str() const { return format_id(value_); }
  explicit operator bool() const { return value_ != 0; }
  auto operator<=>(const Id&) const = default;

 private:
  std::uint64_t value_ = 0;
};

using MessageId =
    Id<struct MessageTag>;  // a message in the store (not the Message-ID header field)
using SessionId = Id<struct SessionTag>;  // one connection, receiving or sending
using BlockerId = Id<struct BlockerTag>;
using VerdictId = Id<struct VerdictTag>;

}  // namespace postern

template <class Tag>
struct std::hash<postern::Id<Tag>> {
  std::size_t operator()(postern::Id<Tag> id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value());
  }
};
