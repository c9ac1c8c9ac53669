// An enum's words in both directions, as one table. Private to this module.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace postern::verdict {

template <class E, std::size_t N>
struct EnumNames {
  std::array<std::pair<E, std::string_view>, N> rows;

  [[nodiscard]] constexpr std::string_view name(E value) const {
    for (const auto& [key, word] : rows) {
      if (key == value) return word;
    }
    return "?";
  }
  [[nodiscard]] constexpr std::optional<E> value(std::string_view text) const {
    for (const auto& [key, word] : rows) {
      if (word == text) return key;
    }
    return std::nullopt;
  }
};

}  // namespace postern::verdict
