// What a value of the configuration can be. A kind is a struct with
//   Type     what it becomes
//   type()   its name in docs/configuration.md
//   allowed()  which values, for people; empty: the type says it
//   read(reader, value, out)  out is set, or the reader told what is wrong and what would be right
//   format(value)  as it stands in a TOML file: how defaults are documented; empty: nothing is set
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/reader.h"
#include "policy/config.h"

namespace postern::config {

// Reports a value of the wrong type. False: it was.
bool expect(Reader& reader, const Value& value, Value::Kind kind, std::string_view example);

// One string kind a struct: the text is checked and made canonical by `parse_NAME`.
struct Text {
  using Type = std::string;
  static std::string type() { return "string"; }
  static std::string allowed() { return {}; }
  static void read(Reader& reader, const Value& value, std::string& out);
  static std::string format(const std::string& value);
};
struct Fqdn : Text {
  static std::string type() { return "domain name"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};
// A name a certificate must bear: "mail.contoso.com", or "*.contoso.com" for any one label below.
struct ReferenceName : Text {
  static std::string type() { return "name"; }
  static std::string allowed() { return "a domain name, or `*.` and a domain name"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};
struct Path : Text {
  static std::string type() { return "path"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};
struct StoreUrl : Text {
  static std::string allowed() { return "`sqlite:PATH`"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};
struct UnixSocket : Text {
  static std::string allowed() { return "`unix:PATH`"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};
struct WebUrl : Text {
  static std::string allowed() { return "an http or https URL"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};
struct IpAddress : Text {
  static std::string type() { return "IP address"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};
struct MailAddress : Text {
  static std::string type() { return "mail address"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};
struct CertificateReference : Text {
  static std::string type() { return "certificate"; }
  static std::string allowed() {
    return "the NAME of a `[certificates.NAME]`, a thumbprint (40 or 64 hex digits), or "
           "`<I>issuer<S>subject`";
  }
  static void read(Reader& reader, const Value& value, std::string& out);
};
struct CatalogCode : Text {
  static std::string type() { return "code"; }
  static std::string allowed() { return "a code of the catalog"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};

struct Flag {
  using Type = bool;
  static std::string type() { return "boolean"; }
  static std::string allowed() { return "`true`, `false`"; }
  static void read(Reader& reader, const Value& value, bool& out);
  static std::string format(bool value) { return value ? "true" : "false"; }
};

struct Timestamp {
  using Type = Time;
  static std::string type() { return "time"; }
  static std::string allowed() { return "like `2026-12-01T00:00:00Z`"; }
  static void read(Reader& reader, const Value& value, Time& out);
  static std::string format(Time) { return {}; }
};

bool read_integer(Reader& reader, const Value& value, std::uint64_t min, std::uint64_t max,
                  std::uint64_t& out);

template <class T, std::uint64_t kMin, std::uint64_t kMax>
struct Integer {
  using Type = T;
  static std::string type() { return "integer"; }
  static std::string allowed() { return std::to_string(kMin) + " to " + std::to_string(kMax); }
  static void read(Reader& reader, const Value& value, T& out) {
    std::uint64_t number = 0;
    if (read_integer(reader, value, kMin, kMax, number)) out = static_cast<T>(number);
  }
  static std::string format(T value) { return std::to_string(value); }
};
template <std::uint64_t kMin = 0, std::uint64_t kMax = 1'000'000>
using Count = Integer<unsigned, kMin, kMax>;
template <std::uint64_t kMin = 0, std::uint64_t kMax = 1'000'000>
using Count64 = Integer<std::uint64_t, kMin, kMax>;
using Port = Integer<std::uint16_t, 1, 65535>;

struct Size {
  using Type = std::uint64_t;
  static std::string type() { return "size"; }
  static std::string allowed() { return "octets, or with a unit: `150MB`, `64MiB`"; }
  static void read(Reader& reader, const Value& value, std::uint64_t& out);
  static std::string format(std::uint64_t value);
};

struct Span {
  using Type = Duration;
  static std::string type() { return "duration"; }
  static std::string allowed() { return "seconds, or like `15s`, `5m`, `1h30m`, `5d`"; }
  static void read(Reader& reader, const Value& value, Duration& out);
  static std::string format(Duration value);
};
struct PositiveSpan : Span {
  static std::string allowed() { return Span::allowed() + "; more than 0"; }
  static void read(Reader& reader, const Value& value, Duration& out);
};

// Values of an enum, each a word. `aliases` are words of Exchange and Postfix: understood, and
// answered with a warning that names Postern's word.
template <class E>
struct Vocabulary {
  struct Word {
    std::string_view text;
    E value;
  };
  std::string_view noun;  // "TLS level"
  std::vector<Word> words, aliases;
};
template <class E>
const Vocabulary<E>& vocabulary();
template <>
const Vocabulary<verdict::Level>& vocabulary();
template <>
const Vocabulary<policy::ReceiveTls>& vocabulary();
template <>
const Vocabulary<verdict::Revocation>& vocabulary();
template <>
const Vocabulary<verdict::TlsVersion>& vocabulary();
template <>
const Vocabulary<policy::StarttlsReply>& vocabulary();

void report_unknown_word(Reader& reader, const Value& value, std::string_view noun,
                         const std::vector<std::string>& words);
void report_alias(Reader& reader, const Value& value, std::string_view word);

template <class E>
struct Word {
  using Type = E;
  static std::string type() { return "word"; }
  static std::vector<std::string> words() {
    std::vector<std::string> out;
    for (const auto& word : vocabulary<E>().words) out.emplace_back(word.text);
    return out;
  }
  static std::string allowed() { return "`" + join(words(), "`, `") + "`"; }
  static void read(Reader& reader, const Value& value, E& out) {
    const auto& known = vocabulary<E>();
    if (!expect(reader, value, Value::Kind::string, format(known.words.back().value))) return;
    for (const auto& word : known.words) {
      if (word.text == value.text) {
        out = word.value;
        return;
      }
    }
    for (const auto& alias : known.aliases) {
      if (iequals(alias.text, value.text)) {
        out = alias.value;
        report_alias(reader, value, text_of(alias.value));
        return;
      }
    }
    report_unknown_word(reader, value, known.noun, words());
  }
  static std::string_view text_of(E value) {
    for (const auto& word : vocabulary<E>().words) {
      if (word.value == value) return word.text;
    }
    return {};
  }
  static std::string format(E value) { return "\"" + std::string(text_of(value)) + "\""; }
};

// An endpoint of a smart host, of a DNS server (an address, port 53), of a listener (an address and
// a port, 0 for any free one).
struct HostPort {
  using Type = policy::Endpoint;
  static std::string type() { return "host:port"; }
  static std::string allowed() { return "like `smtp.fabrikam.com:25`; port 25 may be left out"; }
  static void read(Reader& reader, const Value& value, policy::Endpoint& out);
  static std::string format(const policy::Endpoint& value) { return "\"" + value.str() + "\""; }
};
struct DnsServer : HostPort {
  static std::string type() { return "address:port"; }
  static std::string allowed() { return "like `127.0.0.1:53`; port 53 may be left out"; }
  static void read(Reader& reader, const Value& value, policy::Endpoint& out);
};
struct ListenAddress : HostPort {
  static std::string type() { return "address:port"; }
  static std::string allowed() { return "like `0.0.0.0:25`, `[::]:25`; port 0: any free one"; }
  static void read(Reader& reader, const Value& value, policy::Endpoint& out);
};

struct Domain {
  using Type = mail::DomainPattern;
  static std::string type() { return "domain pattern"; }
  static std::string allowed() { return "`contoso.com`, `*.contoso.com` (every name below), `*`"; }
  static void read(Reader& reader, const Value& value, mail::DomainPattern& out);
  static std::string format(const mail::DomainPattern& value) { return "\"" + value.text() + "\""; }
};

struct Net {
  using Type = mail::Network;
  static std::string type() { return "network"; }
  static std::string allowed() { return "an address, or a network like `10.0.0.0/8`"; }
  static void read(Reader& reader, const Value& value, mail::Network& out);
  static std::string format(const mail::Network& value) { return "\"" + value.text() + "\""; }
};

// Where a fetch may go beyond the public internet.
struct FetchPlace {
  using Type = policy::FetchPlace;
  static std::string type() { return "network or domain pattern"; }
  static std::string allowed() {
    return "an address, a network like `10.0.0.0/8`, a name, or `*.contoso.com`";
  }
  static void read(Reader& reader, const Value& value, policy::FetchPlace& out);
  static std::string format(const policy::FetchPlace& value);
};
// Of a proxy, as libcurl takes it, or "none".
struct ProxyUrl : Text {
  static std::string allowed() { return "an http or https URL, or `none`"; }
  static void read(Reader& reader, const Value& value, std::string& out);
};

template <class K>
struct List {
  using Type = std::vector<typename K::Type>;
  static std::string type() { return "list of " + K::type(); }
  static std::string allowed() { return K::allowed(); }
  // Replaces what was there; bad items are reported one by one and left out.
  static void read(Reader& reader, const Value& value, Type& out) {
    if (!expect(reader, value, Value::Kind::array, "[...]")) return;
    out.clear();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const Value& item = value.items[i];
      const Reader::Scope scope(reader, "[" + std::to_string(i) + "]", item.place);
      typename K::Type one{};
      K::read(reader, item, one);
      if (!(one == typename K::Type{})) out.push_back(std::move(one));
    }
  }
  static std::string format(const Type& values) {
    std::string out;
    for (const auto& value : values) out += (out.empty() ? "" : ", ") + K::format(value);
    return "[" + out + "]";
  }
};

template <class K>
struct Optional {
  using Type = std::optional<typename K::Type>;
  static std::string type() { return K::type(); }
  static std::string allowed() { return K::allowed(); }
  static void read(Reader& reader, const Value& value, Type& out) {
    out.emplace();
    K::read(reader, value, *out);
  }
  static std::string format(const Type& value) { return value ? K::format(*value) : ""; }
};

}  // namespace postern::config
