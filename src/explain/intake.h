// Octets of any size become lines of UTF-8: the encoding is known by the first octets, lines end in
// LF, CRLF or CR, and what is too long for a line or no text at all is passed over and counted.
// Holds one line and nothing else, so memory stays flat.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace postern::explain {

constexpr std::size_t kMaxLineOctets = 1 << 20;  // more of one line is passed over

class Intake {
 public:
  // `line` is called with each line, its end removed, and its number. The text is UTF-8 or, of a
  // file in another ASCII superset, octets as they stand.
  using LineSink = std::function<void(std::string_view line, std::uint64_t number)>;
  explicit Intake(LineSink line) : line_(std::move(line)) {}

  void feed(std::string_view octets);
  void finish();

  [[nodiscard]] bool binary() const { return form_ == Form::binary; }
  [[nodiscard]] std::uint64_t lines() const { return number_; }
  [[nodiscard]] std::uint64_t octets() const { return octets_; }
  [[nodiscard]] std::uint64_t cut_lines() const { return cut_lines_; }  // longer than a line may be

 private:
  enum class Form { unknown, utf8, utf16_little, utf16_big, binary };

  void decide();
  void split(std::string_view text);
  void take(std::string_view text);
  void end_line();

  LineSink line_;
  Form form_ = Form::unknown;
  std::string head_;  // octets before the form is known
  std::string half_;  // of a UTF-16 unit or pair
  std::string pending_;
  bool overlong_ = false;
  bool after_cr_ = false;
  std::uint64_t number_ = 0, octets_ = 0, cut_lines_ = 0;
};

// What mail and editors did to a line undone: "> " of quoting, curly quotation marks, the blanks
// that are no blanks. `line` is returned as it is where nothing of that is in it.
[[nodiscard]] std::string_view plain_line(std::string_view line, std::string& buffer);

}  // namespace postern::explain
