#include "mail/idna.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/text.h"
#include "mail/domain.h"

namespace postern::mail {
namespace {

// The parameters of RFC 3492 s5.
constexpr std::uint32_t kBase = 36;
constexpr std::uint32_t kTMin = 1;
constexpr std::uint32_t kTMax = 26;
constexpr std::uint32_t kSkew = 38;
constexpr std::uint32_t kDamp = 700;
constexpr std::uint32_t kInitialBias = 72;
constexpr std::uint32_t kInitialN = 0x80;

// `label` is valid UTF-8.
std::vector<std::uint32_t> code_points(std::string_view label) {
  std::vector<std::uint32_t> out;
  for (const char c : label) {
    const auto octet = static_cast<std::uint32_t>(static_cast<unsigned char>(c));
    if (octet < 0x80) {
      out.push_back(octet);
    } else if (octet >= 0xF0) {
      out.push_back(octet & 0x07);
    } else if (octet >= 0xE0) {
      out.push_back(octet & 0x0F);
    } else if (octet >= 0xC0) {
      out.push_back(octet & 0x1F);
    } else {
      out.back() = out.back() << 6 | (octet & 0x3F);
    }
  }
  return out;
}

char digit(std::uint32_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + (value - 26));
}

// RFC 3492 s6.1.
std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > (kBase - kTMin) * kTMax / 2; k += kBase) delta /= kBase - kTMin;
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

// One generalised variable-length integer (RFC 3492 s3.3).
void append_integer(std::string& out, std::uint32_t value, std::uint32_t bias) {
  for (std::uint32_t k = kBase;; k += kBase) {
    const std::uint32_t t = k <= bias ? kTMin : std::min(k - bias, kTMax);
    if (value < t) break;
    out += digit(t + (value - t) % (kBase - t));
    value = (value - t) / (kBase - t);
  }
  out += digit(value);
}

// RFC 3492 s6.3. A label has at most 63 octets, so delta stays below 63 * 0x110000: no overflow.
std::string punycode(const std::vector<std::uint32_t>& points) {
  std::string out;
  for (const std::uint32_t point : points) {
    if (point < kInitialN) out += static_cast<char>(point);
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic > 0) out += '-';
  std::uint32_t n = kInitialN;
  std::uint32_t delta = 0;
  std::uint32_t bias = kInitialBias;
  for (std::uint32_t handled = basic; handled < points.size(); ++n, ++delta) {
    std::uint32_t next = UINT32_MAX;
    for (const std::uint32_t point : points) {
      if (point >= n) next = std::min(next, point);
    }
    delta += (next - n) * (handled + 1);
    n = next;
    for (const std::uint32_t point : points) {
      if (point < n) ++delta;
      if (point != n) continue;
      append_integer(out, delta, bias);
      bias = adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
  }
  return out;
}

}  // namespace

Result<std::string> to_a_labels(std::string_view domain) {
  if (!is_valid_utf8(domain)) return invalid("domain is no valid UTF-8");
  std::string out;
  for (const std::string_view label : split(domain, '.')) {
    if (label.size() > kMaxLabelOctets) return invalid("label of more than 63 octets in domain");
    const std::string encoded =
        is_ascii(label) ? lower(label) : "xn--" + punycode(code_points(lower(label)));
    if (encoded.size() > kMaxLabelOctets) {
      return invalid("label of more than 63 octets as A-label in domain");
    }
    if (!out.empty()) out += '.';
    out += encoded;
  }
  if (out.size() > kMaxDomainOctets) return invalid("domain of more than 255 octets as A-labels");
  return out;
}

}  // namespace postern::mail
