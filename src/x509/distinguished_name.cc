#include "x509/distinguished_name.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "x509/certificate.h"
#include "x509/openssl.h"

namespace postern::x509 {
namespace {

constexpr std::size_t kMaxValueOctets = 64 * 1024;

struct Key {
  int nid;
  std::string_view text;
};
constexpr std::array kKeys = {
    Key{NID_commonName, "CN"},
    Key{NID_organizationalUnitName, "OU"},
    Key{NID_organizationName, "O"},
    Key{NID_localityName, "L"},
    Key{NID_stateOrProvinceName, "S"},
    Key{NID_countryName, "C"},
    Key{NID_pkcs9_emailAddress, "E"},
    Key{NID_domainComponent, "DC"},
    Key{NID_streetAddress, "STREET"},
    Key{NID_title, "T"},
    Key{NID_givenName, "G"},
    Key{NID_initials, "I"},
    Key{NID_surname, "SN"},
    Key{NID_serialNumber, "SERIALNUMBER"},
};

std::string key_of(const ASN1_OBJECT* type) {
  const int nid = OBJ_obj2nid(type);
  for (const Key& key : kKeys)
    if (key.nid == nid) return std::string(key.text);
  std::array<char, 256> oid{};
  OBJ_obj2txt(oid.data(), static_cast<int>(oid.size()), type, 1);
  return std::string("OID.") + oid.data();
}

std::string value_of(const X509_NAME_ENTRY* entry) {
  unsigned char* raw = nullptr;
  const int size = ASN1_STRING_to_UTF8(&raw, X509_NAME_ENTRY_get_data(entry));
  const OpenSslString owner(raw);
  if (size < 0) {
    (void)take_openssl_error();  // a string type without text: shown as its octets
    return printable(view_of(X509_NAME_ENTRY_get_data(entry)), kMaxValueOctets);
  }
  return printable({reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)},
                   kMaxValueOctets);
}

std::string quoted(const std::string& value) {
  const bool plain = !value.empty() && value.front() != ' ' && value.back() != ' ' &&
                     value.find_first_of(",+=\"<>#;") == std::string::npos;
  if (plain) return value;
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

// ---- reading, for comparison ----

struct Part {
  std::string key, value;
  bool operator==(const Part&) const = default;
};

// Lower case, runs of blanks as one (RFC 5280 s7.1), none at the ends.
std::string folded(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    if (c == ' ' && !out.empty() && out.back() == ' ') continue;
    out += to_lower(c);
  }
  return out;
}

std::string folded_key(std::string_view key) {
  std::string out = lower(trim(key));
  if (out.starts_with("oid.")) out.erase(0, 4);
  // The other names that RFC 4514, OpenSSL and .NET give to the same attributes.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kAliases = {{
      {"st", "s"},
      {"emailaddress", "e"},
      {"gn", "g"},
      {"title", "t"},
      {"street address", "street"},
  }};
  for (const auto& [other, ours] : kAliases)
    if (out == other) return std::string(ours);
  return out;
}

class NameReader {
 public:
  explicit NameReader(std::string_view text) : rest_(text) {}

  // nullopt: not a distinguished name.
  std::optional<std::vector<Part>> read() {
    std::vector<Part> parts;
    for (;;) {
      const std::size_t equals = rest_.find('=');
      if (equals == std::string_view::npos || equals == 0) return std::nullopt;
      Part part{folded_key(rest_.substr(0, equals)), {}};
      rest_.remove_prefix(equals + 1);
      const std::optional<std::string> value = read_value();
      if (!value) return std::nullopt;
      part.value = folded(*value);
      if (part.key.empty()) return std::nullopt;
      parts.push_back(std::move(part));
      if (rest_.empty()) return parts;
      rest_.remove_prefix(1);  // the separator
    }
  }

 private:
  // Up to an unquoted , ; or +, which stays in rest_.
  std::optional<std::string> read_value() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    std::string value;
    bool in_quotes = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (!in_quotes && (c == ',' || c == ';' || c == '+')) break;
      rest_.remove_prefix(1);
      if (c == '"') {
        const bool doubled = in_quotes && !rest_.empty() && rest_.front() == '"';
        if (!doubled) {
          in_quotes = !in_quotes;
          continue;
        }
        rest_.remove_prefix(1);
      } else if (c == '\\' && !rest_.empty() &&
                 std::string_view(",;+\"\\=<># ").find(rest_.front()) != std::string_view::npos) {
        value += rest_.front();
        rest_.remove_prefix(1);
        continue;
      }
      value += c;
    }
    if (in_quotes) return std::nullopt;
    return value;
  }

  std::string_view rest_;
};

}  // namespace

std::string format_name(const X509_NAME* name) {
  std::string out;
  int last_set = -1;
  for (int i = X509_NAME_entry_count(name) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const int set = X509_NAME_ENTRY_set(entry);
    if (!out.empty()) out += set == last_set ? " + " : ", ";
    out += key_of(X509_NAME_ENTRY_get_object(entry)) + "=" + quoted(value_of(entry));
    last_set = set;
  }
  return out;
}

std::vector<std::string> common_names_of(const X509_NAME* name) {
  std::vector<std::string> out;
  for (int i = X509_NAME_entry_count(name) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == NID_commonName)
      out.push_back(value_of(entry));
  }
  return out;
}

bool same_distinguished_name(std::string_view a, std::string_view b) {
  const auto left = NameReader(trim(a)).read();
  const auto right = NameReader(trim(b)).read();
  if (!left || !right) return folded(a) == folded(b);
  return *left == *right;
}

std::string exchange_certificate_name(const Certificate& certificate) {
  return "<I>" + certificate.issuer() + "<S>" + certificate.subject();
}

std::optional<IssuerSubject> parse_exchange_certificate_name(std::string_view text) {
  text = trim(text);
  if (!istarts_with(text, "<I>")) return std::nullopt;
  // A value with '<' stands in quotes, so the first <S> outside quotes is the mark.
  bool in_quotes = false;
  for (std::size_t i = 3; i + 3 <= text.size(); ++i) {
    if (text[i] == '"') in_quotes = !in_quotes;
    if (in_quotes || !iequals(text.substr(i, 3), "<S>")) continue;
    IssuerSubject out{std::string(trim(text.substr(3, i - 3))),
                      std::string(trim(text.substr(i + 3)))};
    if (out.issuer.empty() || out.subject.empty()) return std::nullopt;
    return out;
  }
  return std::nullopt;
}

}  // namespace postern::x509
