#include "smtp/parameters.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

namespace postern::smtp {
namespace {

using mail::EnhancedCode;
using mail::Reply;

struct Parameter {
  std::string keyword;  // upper case
  std::optional<std::string_view> value;
};

Reply bad_value(std::string_view keyword) {
  return Reply(501, EnhancedCode{5, 5, 4}, "Bad value of parameter " + std::string(keyword));
}

Reply not_implemented(std::string_view keyword) {
  return Reply(555, EnhancedCode{5, 5, 4}, "Parameter not recognized: " + printable(keyword, 100));
}

// esmtp-keyword of RFC 5321 s4.1.2.
bool is_keyword(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

// esmtp-value: printable, no blank, no "=". Octets above ASCII are left to the parameter (RFC 6531
// s3.3).
bool is_value(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c != '=' && (static_cast<unsigned char>(c) > ' ') && c != '\x7F';
  });
}

// Splits at blanks; refuses what is no parameter, and a keyword that comes twice.
std::optional<Reply> split_parameters(std::string_view text, bool extensions,
                                      std::vector<Parameter>& out) {
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    Parameter parameter{upper(word.substr(0, equals)), {}};
    if (equals != std::string_view::npos) parameter.value = word.substr(equals + 1);
    if (!is_keyword(parameter.keyword) || (parameter.value && !is_value(*parameter.value))) {
      return Reply(501, EnhancedCode{5, 5, 4}, "Syntax error in parameters");
    }
    // RFC 5321 s4.1.1.11: a client that said HELO was offered none.
    if (!extensions) return not_implemented(parameter.keyword);
    const auto same = [&](const Parameter& other) { return other.keyword == parameter.keyword; };
    if (std::any_of(out.begin(), out.end(), same)) {
      return Reply(501, EnhancedCode{5, 5, 4}, "Parameter given twice: " + parameter.keyword);
    }
    out.push_back(std::move(parameter));
  }
  return std::nullopt;
}

// xtext of RFC 3461 s4: printable ASCII without "+" and "=", or "+" and two upper-case hex digits.
bool is_xtext(std::string_view text) {
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] < '!' || text[i] > '~' || text[i] == '=') return false;
    if (text[i] != '+') continue;
    if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    i += 2;
  }
  return true;
}

bool take_size(std::string_view value, MailArgument& out) {
  if (value.size() > kMaxSizeDigits || !std::all_of(value.begin(), value.end(), is_digit)) {
    return false;
  }
  out.size = parse_uint(value).value_or(UINT64_MAX);
  return true;
}

bool take_ret(std::string_view value, MailArgument& out) {
  if (iequals(value, "FULL")) {
    out.ret = mail::DsnReturn::full;
  } else if (iequals(value, "HDRS")) {
    out.ret = mail::DsnReturn::headers;
  } else {
    return false;
  }
  return true;
}

bool take_envid(std::string_view value, MailArgument& out) {
  if (value.size() > kMaxEnvidOctets || !is_xtext(value)) return false;
  out.envid = value;
  return true;
}

// RFC 3461 s4.1: NEVER stands alone.
bool take_notify(std::string_view value, mail::Recipient& out) {
  for (const std::string_view word : split(value, ',')) {
    if (iequals(word, "NEVER")) {
      out.notify |= mail::kNotifyNever;
    } else if (iequals(word, "SUCCESS")) {
      out.notify |= mail::kNotifySuccess;
    } else if (iequals(word, "FAILURE")) {
      out.notify |= mail::kNotifyFailure;
    } else if (iequals(word, "DELAY")) {
      out.notify |= mail::kNotifyDelay;
    } else {
      return false;
    }
  }
  return (out.notify & mail::kNotifyNever) == 0 || out.notify == mail::kNotifyNever;
}

// RFC 3461 s4.2: addr-type ";" xtext; RFC 6533 s3 lets UTF-8 stand in the type utf-8.
bool take_orcpt(std::string_view value, bool smtputf8, mail::Recipient& out) {
  const std::size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos || value.size() > kMaxOrcptOctets) return false;
  const std::string_view type = value.substr(0, semicolon);
  const std::string_view address = value.substr(semicolon + 1);
  if (!is_keyword(type) || address.empty()) return false;
  const bool utf8 = smtputf8 && iequals(type, "utf-8") && is_valid_utf8(address);
  if (!utf8 && !is_xtext(address)) return false;
  out.orcpt = value;
  return true;
}

std::optional<Reply> take_mail_parameter(const Parameter& parameter, MailArgument& out) {
  const std::string& keyword = parameter.keyword;
  const std::string_view value = parameter.value.value_or("");
  bool good = parameter.value.has_value();
  if (keyword == "SIZE") {
    good = good && take_size(value, out);
  } else if (keyword == "BODY") {
    if (iequals(value, "BINARYMIME")) return not_implemented("BODY=BINARYMIME");  // RFC 3030 s3
    out.body = iequals(value, "8BITMIME") ? mail::Body::eight_bit_mime : mail::Body::seven_bit;
    good = good && (iequals(value, "8BITMIME") || iequals(value, "7BIT"));
  } else if (keyword == "SMTPUTF8") {
    good = !parameter.value;  // RFC 6531 s3.1: it takes no value
    out.smtputf8 = true;
  } else if (keyword == "RET") {
    good = good && take_ret(value, out);
  } else if (keyword == "ENVID") {
    good = good && take_envid(value, out);
  } else {
    return not_implemented(keyword);
  }
  return good ? std::nullopt : std::optional(bad_value(keyword));
}

}  // namespace

std::optional<Reply> parse_mail_parameters(std::string_view text, bool extensions,
                                           MailArgument& out) {
  std::vector<Parameter> parameters;
  if (auto refusal = split_parameters(text, extensions, parameters)) return refusal;
  for (const Parameter& parameter : parameters) {
    if (auto refusal = take_mail_parameter(parameter, out)) return refusal;
  }
  return std::nullopt;
}

std::optional<Reply> parse_rcpt_parameters(std::string_view text, const CommandContext& context,
                                           RcptArgument& out) {
  std::vector<Parameter> parameters;
  if (auto refusal = split_parameters(text, context.extensions, parameters)) return refusal;
  for (const Parameter& parameter : parameters) {
    const std::string_view value = parameter.value.value_or("");
    if (parameter.keyword == "NOTIFY") {
      if (!take_notify(value, out.recipient)) return bad_value("NOTIFY");
    } else if (parameter.keyword == "ORCPT") {
      if (!take_orcpt(value, context.smtputf8, out.recipient)) return bad_value("ORCPT");
    } else {
      return not_implemented(parameter.keyword);
    }
  }
  return std::nullopt;
}

}  // namespace postern::smtp
