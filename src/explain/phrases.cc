#include "explain/phrases.h"

#include <deque>

#include "base/check.h"
#include "base/text.h"

namespace postern::explain {
namespace {

constexpr Phrases::State kEndsHere = 1U << 31;
constexpr Phrases::State kNone = kEndsHere - 1;

}  // namespace

char folded(char c) {
  if (c == '-' || c == '_' || c == '\t') return ' ';
  return to_lower(c);
}

std::string fold(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = folded(c);
  return out;
}

bool has_phrase(std::string_view folded_text, std::string_view phrase) {
  for (std::size_t at = folded_text.find(phrase); at != std::string_view::npos;
       at = folded_text.find(phrase, at + 1)) {
    if (at == 0 || !is_alnum(phrase.front()) || !is_alnum(folded_text[at - 1])) return true;
  }
  return false;
}

Phrases::Phrases(const std::vector<std::string_view>& phrases) {
  for (const std::string_view phrase : phrases) {
    for (const char c : phrase) {
      POSTERN_CHECK(folded(c) == c, "phrases are given folded");
      std::uint8_t& known = class_[static_cast<unsigned char>(c)];
      if (known == 0) known = static_cast<std::uint8_t>(classes_++);
    }
  }
  for (int octet = 0; octet < 256; ++octet) {
    const char plain = folded(static_cast<char>(octet));
    class_[static_cast<std::size_t>(octet)] = class_[static_cast<unsigned char>(plain)];
  }
  const auto add_state = [&] {
    next_.insert(next_.end(), classes_, kNone);
    ends_.emplace_back();
    return static_cast<State>(ends_.size() - 1);
  };
  add_state();
  for (std::size_t number = 0; number < phrases.size(); ++number) {
    POSTERN_CHECK(!phrases[number].empty(), "no phrase is empty");
    State at = kStart;
    for (const char c : phrases[number]) {
      const std::size_t slot = at * classes_ + class_[static_cast<unsigned char>(c)];
      if (next_[slot] == kNone) {
        const State fresh = add_state();
        next_[slot] = fresh;
      }
      at = next_[slot];
    }
    ends_[at].push_back(static_cast<std::uint16_t>(number));
  }
  // Breadth first: what a state cannot go on with, its longest proper suffix may.
  std::vector<State> suffix(ends_.size(), kStart);
  std::deque<State> queue;
  for (std::size_t c = 0; c < classes_; ++c) {
    State& to = next_[c];
    if (to == kNone) {
      to = kStart;
    } else {
      queue.push_back(to);
    }
  }
  while (!queue.empty()) {
    const State at = queue.front();
    queue.pop_front();
    const std::vector<std::uint16_t>& shorter = ends_[suffix[at]];
    ends_[at].insert(ends_[at].end(), shorter.begin(), shorter.end());
    for (std::size_t c = 0; c < classes_; ++c) {
      State& to = next_[at * classes_ + c];
      const State fallback = next_[suffix[at] * classes_ + c];
      if (to == kNone) {
        to = fallback;
      } else {
        suffix[to] = fallback;
        queue.push_back(to);
      }
    }
  }
  for (State& to : next_) {
    if (!ends_[to].empty()) to |= kEndsHere;
  }
}

Phrases::State Phrases::find(std::string_view text, State state,
                             std::vector<std::uint16_t>& found) const {
  for (const char c : text) {
    state = next_[state * classes_ + class_[static_cast<unsigned char>(c)]];
    if ((state & kEndsHere) == 0) [[likely]]
      continue;
    state &= ~kEndsHere;
    found.insert(found.end(), ends_[state].begin(), ends_[state].end());
  }
  return state;
}

}  // namespace postern::explain
