#include "config/kinds.h"

#include <algorithm>
#include <array>

#include "mail/envelope.h"
#include "policy/selection.h"
#include "verdict/catalog.h"
#include "x509/certificate.h"

namespace postern::config {
namespace {

using policy::ReceiveTls;
using policy::StarttlsReply;
using verdict::Level;
using verdict::Revocation;
using verdict::TlsVersion;

struct Unit {
  std::string_view text;
  std::uint64_t factor;
};
// Binary units first: the ones a default is written in.
constexpr std::array<Unit, 7> kUnits = {{{"GiB", 1ULL << 30},
                                         {"MiB", 1ULL << 20},
                                         {"KiB", 1ULL << 10},
                                         {"GB", 1'000'000'000},
                                         {"MB", 1'000'000},
                                         {"KB", 1'000},
                                         {"B", 1}}};
constexpr std::uint64_t kMaxSize = 1ULL << 50;

// A string, not empty, on one line. False: reported.
bool read_line(Reader& reader, const Value& value, std::string_view example) {
  if (!expect(reader, value, Value::Kind::string, example)) return false;
  if (value.text.empty()) {
    reader.error(value.place, "must not be empty");
    return false;
  }
  if (std::ranges::any_of(value.text,
                          [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
    reader.error(value.place, quoted(value.text) + " holds a control character");
    return false;
  }
  return true;
}

// A line that `parse` (text -> Result<Out>) understands.
template <class Out, class Parse>
void read_parsed(Reader& reader, const Value& value, std::string_view example, Out& out,
                 Parse parse) {
  if (!read_line(reader, value, example)) return;
  auto parsed = parse(value.text);
  if (!parsed) {
    reader.error(value.place, parsed.error().detail());
    return;
  }
  out = std::move(*parsed);
}

Result<std::string> parse_fqdn(std::string_view text) {
  auto parsed = mail::parse_domain(text);
  if (!parsed) {
    return invalid(quoted(text) + " is no domain name: " + parsed.error().detail() +
                   "; write it as edge1.contoso.com");
  }
  const std::string& name = *parsed;
  if (name.find('.') == std::string::npos) {
    return invalid(quoted(text) + " is no fully qualified name; write it as edge1.contoso.com");
  }
  return name;
}

Result<std::string> parse_reference_name(std::string_view text) {
  const bool wildcard = text.starts_with("*.");
  auto name = mail::parse_domain(wildcard ? text.substr(2) : text);
  if (name) return (wildcard ? "*." : "") + *name;
  if (text.find('*') != std::string_view::npos) {
    return invalid(quoted(text) +
                   " is no name: a * stands alone as the first label, *.contoso.com");
  }
  return invalid(quoted(text) + " is no domain name: " + name.error().detail());
}

// "prefix:PATH" with the path made absolute.
Result<std::string> parse_prefixed_path(const Reader& reader, std::string_view text,
                                        std::string_view prefix, std::string_view example) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) {
    return invalid(quoted(text) + " is not " + std::string(prefix) + "PATH; write \"" +
                   std::string(example) + "\"");
  }
  return reader.absolute(text.substr(prefix.size()));
}

// Windows shows thumbprints with blanks, OpenSSL with colons.
bool is_spaced_thumbprint(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != ':') digits += c;
  }
  return digits.size() != text.size() &&
         policy::certificate_reference_form(digits) == policy::ReferenceForm::thumbprint;
}

Result<std::string> parse_certificate_reference(const std::string& text) {
  if (text.starts_with('<') && !x509::parse_exchange_certificate_name(text)) {
    return invalid(quoted(text) +
                   " is not of the form <I>issuer<S>subject, as in <I>CN=Contoso "
                   "CA, O=Contoso<S>CN=mail.contoso.com");
  }
  if (is_spaced_thumbprint(text)) {
    return invalid(quoted(text) + ": write the thumbprint without blanks and colons");
  }
  return text;
}

Result<std::string> parse_catalog_code(const std::string& text) {
  const verdict::CatalogEntry* const known = verdict::find_catalog_entry(text);
  if (text != "none" && known != nullptr && !known->finding) return text;
  std::vector<std::string> codes;
  for (const auto& entry : verdict::catalog())
    if (!entry.finding) codes.emplace_back(entry.code);
  return invalid(quoted(text) +
                 " is no code of a verdict; write it as `postern queue` shows it, as in "
                 "\"untrusted-root\"" +
                 hint(text, codes));
}

Result<policy::Endpoint> parse_address_port(const std::string& text, std::uint16_t default_port,
                                            std::string_view noun, std::string_view example) {
  TRY(policy::Endpoint out, policy::Endpoint::parse(text, default_port));
  if (!policy::canonical_address(out.host)) {
    return invalid(quoted(text) + ": " + std::string(noun) +
                   " is given by its address, not by a name: \"" + std::string(example) + "\"");
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

}  // namespace

bool expect(Reader& reader, const Value& value, Value::Kind kind, std::string_view example) {
  if (value.kind == kind) return true;
  reader.error(value.place, "must be " + std::string(describe(kind)) + ", not " +
                                std::string(describe(value.kind)) + "; write it like " +
                                std::string(example));
  return false;
}

void Text::read(Reader& reader, const Value& value, std::string& out) {
  if (read_line(reader, value, "\"text\"")) out = value.text;
}

std::string Text::format(const std::string& value) {
  return value.empty() ? "" : in_quotes(value);
}

void Fqdn::read(Reader& reader, const Value& value, std::string& out) {
  read_parsed(reader, value, "\"edge1.contoso.com\"", out, parse_fqdn);
}

void ReferenceName::read(Reader& reader, const Value& value, std::string& out) {
  read_parsed(reader, value, "\"mail.contoso.com\"", out, parse_reference_name);
}

void Path::read(Reader& reader, const Value& value, std::string& out) {
  if (read_line(reader, value, "\"tls/cert.pem\"")) out = reader.absolute(value.text);
}

void StoreUrl::read(Reader& reader, const Value& value, std::string& out) {
  constexpr std::string_view kExample = "sqlite:var/postern.db";
  read_parsed(reader, value, in_quotes(kExample), out,
              [&](const std::string& text) -> Result<std::string> {
                TRY(const std::string path, parse_prefixed_path(reader, text, "sqlite:", kExample));
                return "sqlite:" + path;
              });
}

void UnixSocket::read(Reader& reader, const Value& value, std::string& out) {
  constexpr std::string_view kExample = "unix:var/postern.sock";
  read_parsed(reader, value, in_quotes(kExample), out, [&](const std::string& text) {
    return parse_prefixed_path(reader, text, "unix:", kExample);
  });
}

void WebUrl::read(Reader& reader, const Value& value, std::string& out) {
  if (!read_line(reader, value, "\"https://alerts.contoso.com/mail\"")) return;
  const bool has_scheme =
      istarts_with(value.text, "https://") || istarts_with(value.text, "http://");
  if (!has_scheme || value.text.ends_with("//") || value.text.find(' ') != std::string::npos) {
    reader.error(value.place,
                 quoted(value.text) + " is no URL; write it as https://alerts.contoso.com/mail");
    return;
  }
  out = value.text;
}

void IpAddress::read(Reader& reader, const Value& value, std::string& out) {
  if (!read_line(reader, value, "\"192.0.2.1\"")) return;
  if (auto address = policy::canonical_address(value.text)) {
    out = std::move(*address);
  } else {
    reader.error(value.place, quoted(value.text) + " is no IP address");
  }
}

void MailAddress::read(Reader& reader, const Value& value, std::string& out) {
  if (!read_line(reader, value, "\"postmaster@contoso.com\"")) return;
  const size_t at = value.text.rfind('@');
  if (at == std::string::npos || at == 0 || !mail::parse_domain(value.text.substr(at + 1))) {
    reader.error(value.place,
                 quoted(value.text) + " is no mail address; write it as postmaster@contoso.com");
    return;
  }
  out = value.text;
}

void CertificateReference::read(Reader& reader, const Value& value, std::string& out) {
  read_parsed(reader, value, "\"hybrid\"", out, parse_certificate_reference);
}

void CatalogCode::read(Reader& reader, const Value& value, std::string& out) {
  read_parsed(reader, value, "\"untrusted-root\"", out, parse_catalog_code);
}

void Flag::read(Reader& reader, const Value& value, bool& out) {
  if (expect(reader, value, Value::Kind::boolean, "true")) out = value.boolean;
}

void Timestamp::read(Reader& reader, const Value& value, Time& out) {
  if (value.kind == Value::Kind::time) {
    out = value.time;
    return;
  }
  if (value.kind == Value::Kind::local_time) {
    reader.error(value.place, "the time lacks its zone; write it as 2026-12-01T00:00:00Z");
    return;
  }
  read_parsed(reader, value, "2026-12-01T00:00:00Z", out, parse_rfc3339);
}

bool read_integer(Reader& reader, const Value& value, std::uint64_t min, std::uint64_t max,
                  std::uint64_t& out) {
  if (!expect(reader, value, Value::Kind::integer, std::to_string(min))) return false;
  if (value.integer < 0 || static_cast<std::uint64_t>(value.integer) < min ||
      static_cast<std::uint64_t>(value.integer) > max) {
    reader.error(value.place, std::to_string(value.integer) + " is out of range; allowed is " +
                                  std::to_string(min) + " to " + std::to_string(max));
    return false;
  }
  out = static_cast<std::uint64_t>(value.integer);
  return true;
}

void Size::read(Reader& reader, const Value& value, std::uint64_t& out) {
  if (value.kind == Value::Kind::integer) {
    read_integer(reader, value, 0, kMaxSize, out);
    return;
  }
  if (!expect(reader, value, Value::Kind::string, "\"64MiB\"")) return;
  const std::string_view text = value.text;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_uint(text.substr(0, digits));
  const std::string_view suffix = trim(text.substr(digits));
  const auto unit = std::ranges::find_if(kUnits, [&](const Unit& one) {
    return suffix.empty() ? one.factor == 1 : iequals(suffix, one.text);
  });
  if (!number || unit == kUnits.end() || *number > kMaxSize / unit->factor) {
    reader.error(value.place, quoted(text) + " is no size; write it as 150MB or 64MiB");
    return;
  }
  out = *number * unit->factor;
}

std::string Size::format(std::uint64_t value) {
  const auto unit = std::ranges::find_if(
      kUnits, [&](const Unit& one) { return value != 0 && value % one.factor == 0; });
  if (unit == kUnits.end() || unit->factor == 1) return std::to_string(value);
  return in_quotes(std::to_string(value / unit->factor) + std::string(unit->text));
}

void Span::read(Reader& reader, const Value& value, Duration& out) {
  if (value.kind == Value::Kind::integer) {
    std::uint64_t seconds = 0;
    constexpr std::uint64_t kMaxSeconds = 100ULL * 365 * 86400;
    if (read_integer(reader, value, 0, kMaxSeconds, seconds)) {
      out = std::chrono::seconds(seconds);
    }
    return;
  }
  read_parsed(reader, value, "\"15m\"", out, parse_duration);
}

std::string Span::format(Duration value) {
  struct Step {
    std::string_view text;
    Duration length;
  };
  using namespace std::chrono_literals;
  constexpr std::array<Step, 4> kSteps = {
      {{"d", Duration(24h)}, {"h", Duration(1h)}, {"m", Duration(1min)}, {"s", Duration(1s)}}};
  const auto step = std::ranges::find_if(kSteps, [&](const Step& one) {
    return value % one.length == Duration::zero() && value >= one.length;
  });
  if (step == kSteps.end()) {
    return in_quotes(value == Duration::zero() ? "0s" : std::to_string(value.count()) + "ms");
  }
  return in_quotes(std::to_string(value / step->length) + std::string(step->text));
}

void PositiveSpan::read(Reader& reader, const Value& value, Duration& out) {
  Duration span{1};
  Span::read(reader, value, span);
  if (span == Duration::zero()) {
    reader.error(value.place, "must be more than 0: every wait has an end");
    return;
  }
  if (span != Duration{1}) out = span;
}

void HostPort::read(Reader& reader, const Value& value, policy::Endpoint& out) {
  read_parsed(reader, value, "\"smtp.fabrikam.com:25\"", out,
              [](const std::string& text) -> Result<policy::Endpoint> {
                TRY(policy::Endpoint host, policy::Endpoint::parse(text));
                if (host.port == 0) return invalid(quoted(text) + ": port 0 cannot be reached");
                return host;
              });
}

void DnsServer::read(Reader& reader, const Value& value, policy::Endpoint& out) {
  constexpr std::uint16_t kDnsPort = 53;
  read_parsed(reader, value, "\"127.0.0.1:53\"", out, [](const std::string& text) {
    return parse_address_port(text, kDnsPort, "a DNS server", "127.0.0.1:53");
  });
}

void ListenAddress::read(Reader& reader, const Value& value, policy::Endpoint& out) {
  read_parsed(reader, value, "\"0.0.0.0:25\"", out,
              [](const std::string& text) -> Result<policy::Endpoint> {
                TRY(policy::Endpoint endpoint,
                    parse_address_port(text, 25, "a listener", "0.0.0.0:25"));
                if (!text.ends_with(":" + std::to_string(endpoint.port))) {
                  return invalid(quoted(text) + " lacks the port; write " + endpoint.str());
                }
                return endpoint;
              });
}

void Domain::read(Reader& reader, const Value& value, mail::DomainPattern& out) {
  read_parsed(reader, value, "\"contoso.com\"", out,
              [](const std::string& text) -> Result<mail::DomainPattern> {
                auto pattern = mail::DomainPattern::parse(text);
                if (pattern) return pattern;
                return invalid(quoted(text) + " is no domain pattern: " + pattern.error().detail() +
                               "; write contoso.com, *.contoso.com or *");
              });
}

void Net::read(Reader& reader, const Value& value, mail::Network& out) {
  read_parsed(reader, value, "\"10.0.0.0/8\"", out, mail::Network::parse);
}

void FetchPlace::read(Reader& reader, const Value& value, policy::FetchPlace& out) {
  read_parsed(reader, value, "\"10.0.0.0/8\"", out,
              [](const std::string& text) -> Result<policy::FetchPlace> {
                if (const auto network = mail::Network::parse(text)) return *network;
                // Digits and colons only are meant for an address; a name of them is none.
                const bool address = text.find_first_not_of("0123456789.:/") == std::string::npos;
                const auto pattern = mail::DomainPattern::parse(text);
                if (pattern && !address) return *pattern;
                return invalid(quoted(text) +
                               " is no network and no name; write 10.0.0.0/8, pki.contoso.com or "
                               "*.contoso.com");
              });
}

std::string FetchPlace::format(const policy::FetchPlace& value) {
  const auto text = [](const auto& place) { return in_quotes(place.text()); };
  return std::visit(text, value);
}

void ProxyUrl::read(Reader& reader, const Value& value, std::string& out) {
  if (value.kind == Value::Kind::string && value.text == "none") {
    out = value.text;
  } else {
    WebUrl::read(reader, value, out);
  }
}

void report_unknown_word(Reader& reader, const Value& value, std::string_view noun,
                         const std::vector<std::string>& words) {
  reader.error(value.place, quoted(value.text) + " is no " + std::string(noun) + "; one of " +
                                join(words, ", ") + hint(value.text, words));
}

void report_alias(Reader& reader, const Value& value, std::string_view word) {
  reader.warning(value.place, quoted(value.text) + " is understood as \"" + std::string(word) +
                                  "\"; write that, as all output does");
}

template <>
const Vocabulary<Level>& vocabulary() {
  static const Vocabulary<Level> kWords = {"TLS level",
                                           {{"none", Level::none},
                                            {"opportunistic", Level::opportunistic},
                                            {"encrypt", Level::encrypt},
                                            {"validate", Level::validate},
                                            {"authenticate", Level::authenticate},
                                            {"mutual", Level::mutual}},
                                           {{"IgnoreSTARTTLS", Level::none},
                                            {"may", Level::opportunistic},
                                            {"RequireTLS", Level::encrypt},
                                            {"EncryptionOnly", Level::encrypt},
                                            {"CertificateValidation", Level::validate},
                                            {"DomainValidation", Level::authenticate},
                                            {"verify", Level::authenticate},
                                            {"secure", Level::authenticate},
                                            {"DomainSecure", Level::mutual}}};
  return kWords;
}

template <>
const Vocabulary<ReceiveTls>& vocabulary() {
  static const Vocabulary<ReceiveTls> kWords = {"TLS mode of a receive connector",
                                                {{"none", ReceiveTls::none},
                                                 {"opportunistic", ReceiveTls::opportunistic},
                                                 {"required", ReceiveTls::required},
                                                 {"mutual", ReceiveTls::mutual}},
                                                {{"may", ReceiveTls::opportunistic},
                                                 {"encrypt", ReceiveTls::required},
                                                 {"RequireTLS", ReceiveTls::required},
                                                 {"DomainSecure", ReceiveTls::mutual}}};
  return kWords;
}

template <>
const Vocabulary<Revocation>& vocabulary() {
  static const Vocabulary<Revocation> kWords = {"revocation mode",
                                                {{"off", Revocation::off},
                                                 {"when-published", Revocation::when_published},
                                                 {"required", Revocation::required}},
                                                {}};
  return kWords;
}

template <>
const Vocabulary<TlsVersion>& vocabulary() {
  static const Vocabulary<TlsVersion> kWords = {
      "TLS version",
      {{"1.2", TlsVersion::tls1_2}, {"1.3", TlsVersion::tls1_3}},
      {{"TLSv1.2", TlsVersion::tls1_2}, {"TLSv1.3", TlsVersion::tls1_3}}};
  return kWords;
}

template <>
const Vocabulary<StarttlsReply>& vocabulary() {
  static const Vocabulary<StarttlsReply> kWords = {
      "STARTTLS reply", {{"rfc", StarttlsReply::rfc}, {"exchange", StarttlsReply::exchange}}, {}};
  return kWords;
}

}  // namespace postern::config
