// Lines of a stream in pieces of any size. A line that is too long is not kept: of it only the
// member "id" is followed, so that it can still be answered. Bounded memory whatever comes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::verdict {

// Follows one JSON object octet by octet and keeps the string value of its own member "id", when
// that is plain (no escapes, at most kMaxIdOctets); no other check of the JSON is made.
class IdFinder {
 public:
  static constexpr std::size_t kMaxIdOctets = 1024;

  void feed(std::string_view octets);
  [[nodiscard]] const std::optional<std::string>& id() const { return id_; }

 private:
  void feed(char c);
  void end_string();

  int depth_ = 0;
  bool in_string_ = false, escaped_ = false, plain_ = true;
  bool value_next_ = false, id_next_ = false;
  std::string string_;  // of the string that is being read
  std::string key_;     // of the member that comes
  std::optional<std::string> id_;
};

class LineSplitter {
 public:
  struct Line {
    std::string text = {};  // without its end; empty when it was too long
    bool too_long = false;
    std::optional<std::string> id = {};  // of one that was too long
  };

  explicit LineSplitter(std::size_t max_octets) : max_octets_(max_octets) {}
  // Takes octets up to and with the end of a line, off the front of `octets`; the line when it is
  // whole.
  [[nodiscard]] std::optional<Line> take(std::string_view& octets);
  // What was left when the stream ended; nullopt: nothing.
  [[nodiscard]] std::optional<Line> finish();

 private:
  void append(std::string_view part);

  std::size_t max_octets_;
  bool begun_ = false;
  Line line_;
  IdFinder finder_;
};

}  // namespace postern::verdict
