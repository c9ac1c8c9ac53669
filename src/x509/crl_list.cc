#include "x509/crl_list.h"

#include <algorithm>
#include <string>

#include "x509/der.h"

namespace postern::x509 {
namespace {

// The content of the OBJECT IDENTIFIERs 2.5.29.21, .23, .24 and .29 (RFC 5280 s5.3).
constexpr std::string_view kReasonCode = "\x55\x1d\x15", kHoldInstruction = "\x55\x1d\x17",
                           kInvalidityDate = "\x55\x1d\x18", kCertificateIssuer = "\x55\x1d\x1d";
constexpr unsigned char kExtensionsOfList = 0xa0, kDirectoryName = 0xa4;
constexpr std::string_view kHoldReason("\x06", 1), kRemoveReason("\x08", 1);
constexpr std::size_t kMaxNamedIssuers = 10'000;  // of one list; each is a name to be read

using NamePtr = std::unique_ptr<X509_NAME, OpenSslDelete<X509_NAME_free>>;

struct RawEntry {
  std::string_view serial;
  DerElement at;
  std::string_view extensions;  // content; empty: none
};

std::optional<RawEntry> read_entry(std::string_view& rest) {
  const auto whole = take_der(rest, kDerSequence);
  if (!whole) return std::nullopt;
  std::string_view in = whole->content;
  const auto serial = take_der(in, kDerInteger);
  const auto at = take_der(in);
  if (!serial || serial->content.empty() || !at ||
      (at->tag != kDerUtcTime && at->tag != kDerGeneralizedTime))
    return std::nullopt;
  RawEntry out{minimal_integer(serial->content), *at, {}};
  if (in.empty()) return out;
  const auto extensions = take_der(in, kDerSequence);
  if (!extensions || !in.empty()) return std::nullopt;
  out.extensions = extensions->content;
  return out;
}

struct Extension {
  std::string_view oid, value;
  bool critical = false;
};

std::optional<Extension> read_extension(std::string_view& rest) {
  const auto whole = take_der(rest, kDerSequence);
  if (!whole) return std::nullopt;
  std::string_view in = whole->content;
  const auto oid = take_der(in, kDerObject);
  if (!oid) return std::nullopt;
  Extension out{oid->content, {}, false};
  if (const auto critical = take_der(in, kDerBoolean))
    out.critical = critical->content != std::string_view("\0", 1);
  const auto value = take_der(in, kDerOctetString);
  if (!value || !in.empty()) return std::nullopt;
  out.value = value->content;
  return out;
}

// The value of one extension of a well-formed entry; nullopt: it is not there.
std::optional<std::string_view> extension_value(const RawEntry& entry, std::string_view oid) {
  std::string_view rest = entry.extensions;
  while (const auto extension = read_extension(rest))
    if (extension->oid == oid) return extension->value;
  return std::nullopt;
}

// Whether GeneralNames hold this directoryName.
bool names_issuer(std::string_view general_names, const X509_NAME* wanted) {
  const auto list = take_der(general_names, kDerSequence);
  std::string_view rest = list ? list->content : std::string_view();
  while (const auto one = take_der(rest)) {
    if (one->tag != kDirectoryName) continue;
    const unsigned char* at = octets_of(one->content);
    const NamePtr name(d2i_X509_NAME(nullptr, &at, static_cast<long>(one->content.size())));
    if (name != nullptr && X509_NAME_cmp(name.get(), wanted) == 0) return true;
  }
  (void)take_openssl_error();
  return false;
}

CrlList::Kind kind_of(const RawEntry& entry) {
  std::string_view value = extension_value(entry, kReasonCode).value_or(std::string_view());
  const auto reason = take_der(value, kDerEnumerated);
  if (!reason) return CrlList::Kind::final;
  if (reason->content == kHoldReason) return CrlList::Kind::hold;
  return reason->content == kRemoveReason ? CrlList::Kind::removed : CrlList::Kind::final;
}

Time time_of_element(const DerElement& element) {
  using TimePtr = std::unique_ptr<ASN1_TIME, OpenSslDelete<ASN1_TIME_free>>;
  const TimePtr time(ASN1_STRING_type_new(element.tag));
  if (time == nullptr || ASN1_STRING_set(time.get(), element.content.data(),
                                         static_cast<int>(element.content.size())) != 1)
    return {};
  return time_of(time.get()).value_or(Time{});
}

// The serial number as it stands in the certificate.
std::string serial_octets(const Certificate& certificate) {
  const std::string der =
      encode_der(X509_get0_serialNumber(certificate.native()), i2d_ASN1_INTEGER);
  std::string_view rest = der;
  const auto serial = take_der(rest, kDerInteger);
  return serial ? std::string(minimal_integer(serial->content)) : std::string();
}

}  // namespace

// CertificateList of RFC 5280 s5.1: the octets before and after revokedCertificates are put
// together again for OpenSSL.
std::optional<CrlList> CrlList::read(std::string_view der) {
  const auto list = take_der(der, kDerSequence);
  if (!list || !der.empty()) return std::nullopt;
  std::string_view in = list->content;
  const auto tbs = take_der(in, kDerSequence);
  const auto algorithm = take_der(in, kDerSequence);
  const auto signature = take_der(in, kDerBitString);
  if (!tbs || !algorithm || !signature || !in.empty()) return std::nullopt;

  std::string_view rest = tbs->content;
  if (next_der_is(rest, kDerInteger) && !take_der(rest)) return std::nullopt;
  const auto signed_algorithm = take_der(rest, kDerSequence);
  const auto issuer = take_der(rest, kDerSequence);
  if (!signed_algorithm || !issuer || !take_der(rest)) return std::nullopt;  // thisUpdate
  if ((next_der_is(rest, kDerUtcTime) || next_der_is(rest, kDerGeneralizedTime)) && !take_der(rest))
    return std::nullopt;
  CrlList out;
  std::string head(tbs->content.substr(0, tbs->content.size() - rest.size()));
  if (next_der_is(rest, kDerSequence)) {
    const auto entries = take_der(rest, kDerSequence);
    if (!entries) return std::nullopt;
    out.entries_ = entries->content;
  }
  if (!rest.empty() && !next_der_is(rest, kExtensionsOfList)) return std::nullopt;
  head += rest;
  head = wrap_der(kDerSequence, wrap_der(kDerSequence, head) + std::string(algorithm->whole) +
                                    std::string(signature->whole));
  const unsigned char* at = octets_of(head);
  out.head_.reset(d2i_X509_CRL(nullptr, &at, static_cast<long>(head.size())));
  if (out.head_ == nullptr) (void)take_openssl_error();
  if (out.head_ == nullptr || at != octets_of(head) + head.size()) return std::nullopt;
  out.tbs_ = tbs->whole;
  out.same_algorithms_ = algorithm->whole == signed_algorithm->whole;
  if (!out.check_entries()) return std::nullopt;
  return out;
}

bool CrlList::check_entries() {
  std::string_view rest = entries_;
  std::size_t named_issuers = 0;
  while (!rest.empty()) {
    const auto entry = read_entry(rest);
    if (!entry) return false;
    std::string_view extensions = entry->extensions;
    while (!extensions.empty()) {
      const auto extension = read_extension(extensions);
      if (!extension) return false;
      const bool known = extension->oid == kReasonCode || extension->oid == kHoldInstruction ||
                         extension->oid == kInvalidityDate || extension->oid == kCertificateIssuer;
      unknown_critical_ = unknown_critical_ || (extension->critical && !known);
      named_issuers += extension->oid == kCertificateIssuer ? 1 : 0;
    }
  }
  return named_issuers <= kMaxNamedIssuers;
}

bool CrlList::signed_by(EVP_PKEY* key) const {
  if (key == nullptr || !same_algorithms_) return false;
  const ASN1_BIT_STRING* signature = nullptr;
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(head_.get(), &signature, &algorithm);
  // A SEQUENCE inside an ANY is written as it stands, so that exactly these octets are verified;
  // borrowed, for they can be many.
  ASN1_STRING octets{};
  octets.type = V_ASN1_SEQUENCE;
  octets.data = reinterpret_cast<unsigned char*>(const_cast<char*>(tbs_.data()));
  octets.length = static_cast<int>(tbs_.size());
  ASN1_TYPE any{};
  any.type = V_ASN1_SEQUENCE;
  any.value.sequence = &octets;
  const bool good =
      ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature, &any, key) == 1;
  (void)take_openssl_error();
  return good;
}

std::optional<CrlList::Entry> CrlList::find(const Certificate& certificate) const {
  const std::string serial = serial_octets(certificate);
  const X509_NAME* issuer = X509_get_issuer_name(certificate.native());
  // RFC 5280 s5.3.3: an entry is of the CRL's issuer until one names another, which then holds on.
  bool of_our_issuer = X509_NAME_cmp(X509_CRL_get_issuer(head_.get()), issuer) == 0;
  std::optional<RawEntry> found;
  Kind kind = Kind::removed;
  std::string_view rest = entries_;
  while (const auto entry = read_entry(rest)) {
    if (!entry->extensions.empty())
      if (const auto named = extension_value(*entry, kCertificateIssuer))
        of_our_issuer = names_issuer(*named, issuer);
    if (!of_our_issuer || entry->serial != serial) continue;
    const Kind its = kind_of(*entry);
    if (!found || its > kind) {
      found = entry;
      kind = its;
    }
  }
  if (!found) return std::nullopt;
  return Entry{kind, time_of_element(found->at)};
}

}  // namespace postern::x509
