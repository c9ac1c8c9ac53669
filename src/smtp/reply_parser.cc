#include "smtp/reply_parser.h"

#include <utility>

#include "base/text.h"

namespace postern::smtp {
namespace {

constexpr std::size_t kCodeDigits = 3;
constexpr std::uint64_t kMinCode = 200, kMaxCode = 599;

}  // namespace

Result<std::optional<mail::Reply>> ReplyParser::next(std::string_view& in) {
  while (!in.empty()) {
    const std::size_t lf = in.find('\n');
    const std::size_t taken = lf == std::string_view::npos ? in.size() : lf + 1;
    octets_ += taken;
    if (octets_ > kMaxReplyOctets) {
      return invalid("reply of more than " + std::to_string(kMaxReplyOctets) + " octets");
    }
    line_ += in.substr(0, taken);
    in.remove_prefix(taken);
    if (lf == std::string_view::npos) break;
    TRY(const bool last, end_of_line());
    if (!last) continue;
    octets_ = 0;
    return mail::Reply::from_peer(std::exchange(code_, 0), std::exchange(lines_, {}));
  }
  return std::optional<mail::Reply>();
}

Result<bool> ReplyParser::end_of_line() {
  std::string_view line = line_;
  line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
  const auto code = parse_uint(line.substr(0, kCodeDigits), kMaxCode);
  if (line.size() < kCodeDigits || !code || *code < kMinCode) return invalid("not an SMTP reply");
  const char separator = line.size() > kCodeDigits ? line[kCodeDigits] : ' ';
  if (separator != ' ' && separator != '\t' && separator != '-') {
    return invalid("not an SMTP reply");
  }
  if (code_ != 0 && code_ != static_cast<int>(*code)) {
    return invalid("reply code changes from " + std::to_string(code_) + " to " +
                   std::to_string(*code) + " inside one reply");
  }
  if (lines_.size() == kMaxReplyLines) {
    return invalid("reply of more than " + std::to_string(kMaxReplyLines) + " lines");
  }
  code_ = static_cast<int>(*code);
  lines_.emplace_back(line.size() > kCodeDigits ? line.substr(kCodeDigits + 1) : "");
  line_.clear();
  return separator != '-';
}

}  // namespace postern::smtp
