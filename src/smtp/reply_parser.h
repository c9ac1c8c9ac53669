// Reply lines of an SMTP server, the client's view. Accepts what servers send in the wild: a
// missing text, a TAB after the code, a line end without CR; refuses a code that changes inside one
// reply (RFC 5321 s4.2.1), codes outside 200-599, and more than the bounds below. Holds at most one
// reply. Source: RFC 5321 s4.2, s4.5.3.1.5.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mail/reply.h"

namespace postern::smtp {

constexpr std::size_t kMaxReplyOctets = 64 * 1024;
constexpr std::size_t kMaxReplyLines = 500;

class ReplyParser {
 public:
  // Takes octets from the front of `in` (and removes them) up to the end of one reply.
  //   Returns the reply, or nullopt when all octets were taken and more are needed.
  //   Errors: invalid; the parser must not be used after one.
  [[nodiscard]] Result<std::optional<mail::Reply>> next(std::string_view& in);
  // The unfinished line: what a ProtocolError shows.
  [[nodiscard]] const std::string& line() const { return line_; }
  [[nodiscard]] bool empty() const { return line_.empty() && lines_.empty(); }

 private:
  [[nodiscard]] Result<bool> end_of_line();  // true: the reply's last line

  std::string line_;
  std::vector<std::string> lines_;
  std::size_t octets_ = 0;
  int code_ = 0;
};

}  // namespace postern::smtp
