// Many phrases looked for in one pass over a line (Aho and Corasick, 1975), so that bulk lines
// where nothing is wrong cost one table look-up an octet. Letter case does not count, and '-', '_'
// and TAB are blanks: "SELF_SIGNED_CERT" and "self-signed cert" read alike.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::explain {

[[nodiscard]] char folded(char c);
[[nodiscard]] std::string fold(std::string_view text);
// Is `phrase` in `folded_text`, not as the tail of a longer word? "tls required" is not in
// "starttls required".
[[nodiscard]] bool has_phrase(std::string_view folded_text, std::string_view phrase);

class Phrases {
 public:
  // Phrases are given folded; the number of one is its place in the list. None is empty.
  explicit Phrases(const std::vector<std::string_view>& phrases);

  using State = std::uint32_t;
  static constexpr State kStart = 0;
  // Numbers of the phrases that end in `text` are appended to `found`, possibly repeatedly. Phrases
  // may have begun before `text`: the state that was returned for what stood there goes on.
  State find(std::string_view text, State state, std::vector<std::uint16_t>& found) const;

 private:
  std::array<std::uint8_t, 256> class_{};  // of an octet; 0: in no phrase
  std::size_t classes_ = 1;
  std::vector<State> next_;  // state x class; the highest bit says that phrases end there
  std::vector<std::vector<std::uint16_t>> ends_;
};

}  // namespace postern::explain
