#include "verdict/line_splitter.h"

#include <utility>

namespace postern::verdict {

void IdFinder::feed(std::string_view octets) {
  for (const char c : octets) feed(c);
}

void IdFinder::feed(char c) {
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
      plain_ = false;
    } else if (c == '"') {
      end_string();
    } else if (string_.size() < kMaxIdOctets) {
      string_ += c;
    } else {
      plain_ = false;
    }
    return;
  }
  switch (c) {
    case '"':
      in_string_ = plain_ = true;
      string_.clear();
      break;
    case ':':
      id_next_ = depth_ == 1 && key_ == "id";
      value_next_ = true;
      break;
    case ',':
      value_next_ = id_next_ = false;
      key_.clear();
      break;
    case '{':
    case '[':
      ++depth_;
      value_next_ = id_next_ = false;
      key_.clear();
      break;
    case '}':
    case ']':
      --depth_;
      break;
    default:
      break;
  }
}

void IdFinder::end_string() {
  in_string_ = false;
  if (value_next_) {
    if (id_next_ && plain_) id_ = std::exchange(string_, {});
    return;
  }
  key_ = plain_ && depth_ == 1 ? std::exchange(string_, {}) : std::string();
}

void LineSplitter::append(std::string_view part) {
  begun_ = true;
  if (!line_.too_long && line_.text.size() + part.size() > max_octets_) {
    finder_.feed(line_.text);
    line_.text = {};  // and its memory
    line_.too_long = true;
  }
  if (line_.too_long)
    finder_.feed(part);
  else
    line_.text += part;
}

std::optional<LineSplitter::Line> LineSplitter::take(std::string_view& octets) {
  const std::size_t end = octets.find('\n');
  append(octets.substr(0, end));
  octets.remove_prefix(end == std::string_view::npos ? octets.size() : end + 1);
  return end == std::string_view::npos ? std::nullopt : finish();
}

std::optional<LineSplitter::Line> LineSplitter::finish() {
  if (!std::exchange(begun_, false)) return std::nullopt;
  line_.id = finder_.id();
  finder_ = {};
  return std::exchange(line_, {});
}

}  // namespace postern::verdict
