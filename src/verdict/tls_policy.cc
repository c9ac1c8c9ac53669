#include "verdict/tls_policy.h"

#include "verdict/enum_names.h"

namespace postern::verdict {
namespace {

constexpr EnumNames<Level, 6> kLevels{{{
    {Level::none, "none"},
    {Level::opportunistic, "opportunistic"},
    {Level::encrypt, "encrypt"},
    {Level::validate, "validate"},
    {Level::authenticate, "authenticate"},
    {Level::mutual, "mutual"},
}}};
constexpr EnumNames<Revocation, 3> kRevocations{{{
    {Revocation::off, "off"},
    {Revocation::when_published, "when-published"},
    {Revocation::required, "required"},
}}};
constexpr EnumNames<TlsVersion, 2> kVersions{{{
    {TlsVersion::tls1_2, "TLSv1.2"},
    {TlsVersion::tls1_3, "TLSv1.3"},
}}};

}  // namespace

std::string_view to_string(Level level) {
  return kLevels.name(level);
}

std::optional<Level> parse_level(std::string_view text) {
  return kLevels.value(text);
}

std::string_view to_string(Revocation mode) {
  return kRevocations.name(mode);
}

std::optional<Revocation> parse_revocation(std::string_view text) {
  return kRevocations.value(text);
}

std::string_view to_string(TlsVersion version) {
  return kVersions.name(version);
}

std::optional<TlsVersion> parse_tls_version(std::string_view text) {
  if (text.starts_with("TLSv")) return kVersions.value(text);
  return kVersions.value("TLSv" + std::string(text));
}

}  // namespace postern::verdict
