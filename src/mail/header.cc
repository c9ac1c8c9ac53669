#include "mail/header.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace postern::mail {
namespace {

// A first line that shows no colon in so many octets is no header field.
constexpr std::size_t kMaxFieldNameOctets = kMaxLineOctets;
constexpr std::string_view kCrlf = "\r\n";

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_ftext(char c) {  // RFC 5322 s3.6.8
  return c > ' ' && c <= '~' && c != ':';
}

enum class LineKind { undecided, field, other };

// What the first line of a message is, judged from its octets so far.
LineKind classify(std::string_view line) {
  bool blank_seen = false;
  for (std::size_t i = 0; i < line.size() && i < kMaxFieldNameOctets; ++i) {
    const char c = line[i];
    if (c == ':') return i > 0 ? LineKind::field : LineKind::other;
    if (is_blank(c) && i > 0) {
      blank_seen = true;  // RFC 5322 s4.5: obsolete blanks before the colon
    } else if (blank_seen || !is_ftext(c)) {
      return LineKind::other;
    }
  }
  return line.size() < kMaxFieldNameOctets ? LineKind::undecided : LineKind::other;
}

// The name of the field that starts with `line`; empty: no colon. More is taken for a name than
// RFC 5322 does: what a lenient receiver reads as a field must not slip by.
std::string_view field_name(std::string_view line) {
  const std::size_t colon = line.find(':');
  return colon == std::string_view::npos ? std::string_view() : trim(line.substr(0, colon));
}

// What a lenient receiver may take for the name of the field that starts with `line`, for the
// firewall: octets that show as nothing (controls, blanks, a byte order mark) are no part of its
// start, and a line without a colon may have it on the next one ("Name" CRLF " : value").
std::string_view suspected_name(std::string_view line) {
  const auto invisible = [](char c) { return c <= ' ' || c >= 0x7F; };  // from 0x80 on: negative
  std::size_t start = 0;
  while (start < line.size() && invisible(line[start])) ++start;
  line.remove_prefix(start);
  return trim(line.substr(0, line.find(':')));
}

// Fields whose value is a fact, in lower case.
bool has_telling_value(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"message-id", "subject", "auto-submitted",
                                                      "precedence"};
  for (const std::string_view known : kNames) {
    if (name == known) return true;
  }
  return false;
}

// RFC 5322 s2.2.3: the line ends go, the blanks behind them stay.
std::string unfolded(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c != '\r' && c != '\n') out += c;
  }
  return std::string(trim(out).substr(0, kMaxLineOctets));
}

std::string message_id_of(const std::string& value) {
  const std::size_t open = value.find('<');
  if (open == std::string::npos) return value;
  const std::size_t close = value.find('>', open);
  return close == std::string::npos ? value : value.substr(open, close - open + 1);
}

bool is_bulk(std::string_view precedence) {
  return iequals(precedence, "bulk") || iequals(precedence, "list") || iequals(precedence, "junk");
}

}  // namespace

HeaderFilter::HeaderFilter(Drop drop) : drop_(std::move(drop)) {}

Result<void> HeaderFilter::feed(std::string_view data, std::string& out) {
  while (!in_body_ && !data.empty()) {
    const std::size_t newline = data.find('\n');
    const bool complete = newline != std::string_view::npos;
    const std::string_view part = data.substr(0, complete ? newline + 1 : data.size());
    data.remove_prefix(part.size());
    line_ += part;
    seen_ += part.size();
    if (first_line_ && classify(line_) == LineKind::other && !kCrlf.starts_with(line_)) {
      start_body(out);
      break;
    }
    if (seen_ > kMaxHeaderOctets) {
      return invalid("header section of more than " + std::to_string(kMaxHeaderOctets) + " octets");
    }
    if (complete) {
      TRY_VOID(end_of_line(out));
    }
  }
  out += data;
  return {};
}

Result<void> HeaderFilter::finish(std::string& out) {
  if (in_body_) return {};
  if (first_line_ && !line_.empty() && classify(line_) != LineKind::field) {
    start_body(out);
    return {};
  }
  if (!line_.empty()) {
    TRY_VOID(end_of_line(out));
  }
  end_of_field();
  return {};
}

void HeaderFilter::start_body(std::string& out) {
  out += kCrlf;
  facts_.header_octets = kCrlf.size();
  out += line_;
  line_.clear();
  in_body_ = true;
}

Result<void> HeaderFilter::end_of_line(std::string& out) {
  first_line_ = false;
  if (line_ == kCrlf) {
    end_of_field();
    in_body_ = true;
    dropping_ = false;
  } else if (is_blank(line_.front())) {
    if (!name_.empty() && value_.size() < kMaxLineOctets) value_ += line_;
  } else {
    end_of_field();
    if (++fields_ > kMaxHeaderFields) {
      return invalid("more than " + std::to_string(kMaxHeaderFields) + " header fields");
    }
    const std::string_view name = field_name(line_);
    const std::string_view suspected = suspected_name(line_);
    dropping_ = !suspected.empty() && drop_ && drop_(suspected);
    std::string known = lower(name);
    if (known == "received") ++facts_.received_count;
    if (known == "date") facts_.has_date = true;
    if (known == "from") facts_.has_from = true;
    if (known == "list-id" || known == "list-unsubscribe") facts_.list_mail = true;
    if (has_telling_value(known)) {
      name_ = std::move(known);
      value_ = line_.substr(line_.find(':') + 1);
    }
  }
  if (!dropping_) {
    out += line_;
    facts_.header_octets += line_.size();
  }
  line_.clear();
  return {};
}

void HeaderFilter::end_of_field() {
  const std::string value = unfolded(value_);
  if (name_ == "message-id" && facts_.message_id.empty()) {
    facts_.message_id = message_id_of(value);
  } else if (name_ == "subject" && facts_.subject.empty()) {
    facts_.subject = value;
  } else if (name_ == "auto-submitted") {
    const std::string_view keyword =
        trim(std::string_view(value).substr(0, value.find_first_of(";(")));
    if (!keyword.empty() && !iequals(keyword, "no")) facts_.auto_submitted = true;
  } else if (name_ == "precedence" && is_bulk(value)) {
    facts_.list_mail = true;
  }
  name_.clear();
  value_.clear();
}

bool is_organization_header(std::string_view field_name) {
  return istarts_with(field_name, "X-MS-Exchange-Organization-") ||
         istarts_with(field_name, "X-MS-Exchange-Forest-") ||
         istarts_with(field_name, "X-MS-Exchange-CrossPremises-");
}

}  // namespace postern::mail
