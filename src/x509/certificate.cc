#include "x509/certificate.h"

#include <array>
#include <mutex>
#include <utility>

#include <openssl/ec.h>

#include "base/text.h"
#include "x509/distinguished_name.h"
#include "x509/names.h"
#include "x509/openssl.h"

namespace postern::x509 {

// Everything is read at parse time but what costs a digest or a signature check; those are
// computed at the first question, under once_flag, so that readers in several threads agree.
struct Certificate::Facts {
  X509Ptr native;
  std::string der, subject, issuer, serial, key_type, signature_algorithm, subject_key_id,
      authority_key_id;
  Time not_before, not_after;
  std::vector<std::string> dns_names, ip_addresses, email_addresses, common_names;
  std::vector<std::string> crl_urls, ocsp_urls, aia_urls;
  bool self_issued = false, is_ca = false, has_eku = false;
  unsigned eku = 0;
  int security_bits = 0;

  mutable std::once_flag sha256_once, sha1_once, self_signed_once;
  mutable std::string sha256, sha1;
  mutable bool self_signed = false;
};

namespace {

constexpr std::size_t kMaxNames = 10'000;  // general names of one kind that are kept
constexpr std::size_t kMaxNameOctets = 4096;

std::string digest_hex(std::string_view data, const EVP_MD* algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), digest.data(), &size, algorithm, nullptr);
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string serial_hex(const ASN1_INTEGER* serial) {
  std::string hex = to_hex(view_of(serial));
  hex.erase(0, std::min(hex.find_first_not_of('0'), hex.size()));
  if (hex.empty()) hex = "0";
  return ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? "-" + hex : hex;
}

std::string key_id_hex(const ASN1_OCTET_STRING* id) {
  return id == nullptr ? std::string() : to_hex(view_of(id));
}

void read_alternative_names(const GENERAL_NAMES* names, std::vector<std::string>& dns,
                            std::vector<std::string>& ip, std::vector<std::string>& email) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
    const auto text = [&] {
      return printable(view_of(static_cast<const ASN1_STRING*>(value)), kMaxNameOctets);
    };
    if (type == GEN_DNS && dns.size() < kMaxNames) dns.push_back(text());
    if (type == GEN_EMAIL && email.size() < kMaxNames) email.push_back(text());
    if (type == GEN_IPADD && ip.size() < kMaxNames)
      ip.push_back(address_text(view_of(static_cast<const ASN1_STRING*>(value))));
  }
}

void add_url(const GENERAL_NAME* name, std::vector<std::string>& urls) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(name, &type);
  if (type == GEN_URI && urls.size() < kMaxNames)
    urls.push_back(printable(view_of(static_cast<const ASN1_STRING*>(value)), kMaxNameOctets));
}

// RFC 5280 s4.2.1.13: only full names; a name relative to the issuer is no URL.
std::vector<std::string> crl_urls_of(X509* native) {
  std::vector<std::string> urls;
  using Points = std::unique_ptr<CRL_DIST_POINTS, OpenSslDelete<CRL_DIST_POINTS_free>>;
  const Points points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(native, NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
    if (point->distpoint == nullptr || point->distpoint->type != 0) continue;
    const GENERAL_NAMES* names = point->distpoint->name.fullname;
    for (int j = 0; j < sk_GENERAL_NAME_num(names); ++j)
      add_url(sk_GENERAL_NAME_value(names, j), urls);
  }
  return urls;
}

// RFC 5280 s4.2.2.1.
void read_authority_access(X509* native, std::vector<std::string>& ocsp,
                           std::vector<std::string>& issuers) {
  using Access = std::unique_ptr<AUTHORITY_INFO_ACCESS, OpenSslDelete<AUTHORITY_INFO_ACCESS_free>>;
  const Access access(static_cast<AUTHORITY_INFO_ACCESS*>(
      X509_get_ext_d2i(native, NID_info_access, nullptr, nullptr)));
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const ACCESS_DESCRIPTION* entry = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    const int method = OBJ_obj2nid(entry->method);
    if (method == NID_ad_OCSP) add_url(entry->location, ocsp);
    if (method == NID_ad_ca_issuers) add_url(entry->location, issuers);
  }
}

std::string key_type_of(EVP_PKEY* key) {
  if (key == nullptr) return "unknown";
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "RSA " + std::to_string(EVP_PKEY_get_bits(key));
    case EVP_PKEY_RSA_PSS:
      return "RSA-PSS " + std::to_string(EVP_PKEY_get_bits(key));
    case EVP_PKEY_DSA:
      return "DSA " + std::to_string(EVP_PKEY_get_bits(key));
    case EVP_PKEY_ED25519:
      return "Ed25519";
    case EVP_PKEY_ED448:
      return "Ed448";
    case EVP_PKEY_EC:
      break;
    default: {
      const char* name = EVP_PKEY_get0_type_name(key);
      return name == nullptr ? "unknown" : name;
    }
  }
  std::array<char, 80> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1)
    return "EC " + std::to_string(EVP_PKEY_get_bits(key));
  const char* nist = EC_curve_nid2nist(OBJ_sn2nid(group.data()));
  return std::string("EC ") + (nist == nullptr ? group.data() : nist);
}

std::string signature_algorithm_of(const X509* native) {
  const int nid = X509_get_signature_nid(native);
  if (nid != NID_undef) return OBJ_nid2ln(nid);
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, native);
  std::array<char, 256> oid{};
  OBJ_obj2txt(oid.data(), static_cast<int>(oid.size()), algorithm->algorithm, 1);
  return oid.data();
}

void read_extensions(X509* native, Certificate::Facts& facts) {
  using Names = std::unique_ptr<GENERAL_NAMES, OpenSslDelete<GENERAL_NAMES_free>>;
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(native, NID_subject_alt_name, nullptr, nullptr)));
  read_alternative_names(names.get(), facts.dns_names, facts.ip_addresses, facts.email_addresses);
  facts.crl_urls = crl_urls_of(native);
  read_authority_access(native, facts.ocsp_urls, facts.aia_urls);
  facts.subject_key_id = key_id_hex(X509_get0_subject_key_id(native));
  facts.authority_key_id = key_id_hex(X509_get0_authority_key_id(native));
  const unsigned flags = X509_get_extension_flags(native);
  facts.is_ca = (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0;
  facts.has_eku = (flags & EXFLAG_XKUSAGE) != 0;
  facts.eku = facts.has_eku ? X509_get_extended_key_usage(native) : 0;
}

}  // namespace

Result<Certificate> Certificate::from_der(std::string_view der) {
  if (der.size() > kMaxCertificateOctets)
    return invalid("certificate of " + std::to_string(der.size()) + " octets: at most " +
                   std::to_string(kMaxCertificateOctets) + " are read");
  const unsigned char* at = octets_of(der);
  auto facts = std::make_shared<Facts>();
  facts->native.reset(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  X509* native = facts->native.get();
  if (native == nullptr) return invalid("not a certificate: " + take_openssl_error());
  if (at != octets_of(der) + der.size()) return invalid("octets after the certificate");
  // OpenSSL reads BER; what it would write again is the DER.
  if (encode_der(native, i2d_X509) != der) return invalid("certificate is not in DER");

  const auto not_before = time_of(X509_get0_notBefore(native));
  const auto not_after = time_of(X509_get0_notAfter(native));
  if (!not_before || !not_after) return invalid("certificate with an unreadable validity date");
  facts->not_before = *not_before;
  facts->not_after = *not_after;
  facts->der = der;
  facts->subject = format_name(X509_get_subject_name(native));
  facts->issuer = format_name(X509_get_issuer_name(native));
  facts->common_names = common_names_of(X509_get_subject_name(native));
  facts->self_issued =
      X509_NAME_cmp(X509_get_subject_name(native), X509_get_issuer_name(native)) == 0;
  facts->serial = serial_hex(X509_get0_serialNumber(native));
  EVP_PKEY* key = X509_get0_pubkey(native);
  facts->key_type = key_type_of(key);
  facts->security_bits = key == nullptr ? 0 : EVP_PKEY_get_security_bits(key);
  facts->signature_algorithm = signature_algorithm_of(native);
  read_extensions(native, *facts);  // fills OpenSSL's own cache too, before threads share it
  (void)take_openssl_error();       // broken extensions are faults of a path, not of the parse
  return Certificate(std::move(facts));
}

const std::string& Certificate::der() const {
  return facts_->der;
}
const std::string& Certificate::sha256() const {
  std::call_once(facts_->sha256_once,
                 [this] { facts_->sha256 = digest_hex(facts_->der, EVP_sha256()); });
  return facts_->sha256;
}
const std::string& Certificate::thumbprint() const {
  std::call_once(facts_->sha1_once, [this] { facts_->sha1 = digest_hex(facts_->der, EVP_sha1()); });
  return facts_->sha1;
}
const std::string& Certificate::subject() const {
  return facts_->subject;
}
std::string Certificate::subject_der() const {
  return encode_der(X509_get_subject_name(facts_->native.get()), i2d_X509_NAME);
}
const std::string& Certificate::issuer() const {
  return facts_->issuer;
}
const std::string& Certificate::serial() const {
  return facts_->serial;
}
Time Certificate::not_before() const {
  return facts_->not_before;
}
Time Certificate::not_after() const {
  return facts_->not_after;
}
const std::vector<std::string>& Certificate::dns_names() const {
  return facts_->dns_names;
}
const std::vector<std::string>& Certificate::ip_addresses() const {
  return facts_->ip_addresses;
}
const std::vector<std::string>& Certificate::email_addresses() const {
  return facts_->email_addresses;
}
const std::vector<std::string>& Certificate::common_names() const {
  return facts_->common_names;
}
bool Certificate::self_issued() const {
  return facts_->self_issued;
}
bool Certificate::self_signed() const {
  if (!facts_->self_issued) return false;
  std::call_once(facts_->self_signed_once, [this] {
    X509* native = facts_->native.get();
    EVP_PKEY* key = X509_get0_pubkey(native);
    facts_->self_signed = key != nullptr && X509_verify(native, key) == 1;
    (void)take_openssl_error();
  });
  return facts_->self_signed;
}
bool Certificate::is_ca() const {
  return facts_->is_ca;
}
bool Certificate::has_eku() const {
  return facts_->has_eku;
}
bool Certificate::eku_allows_server() const {
  return !facts_->has_eku || (facts_->eku & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0;
}
bool Certificate::eku_allows_client() const {
  return !facts_->has_eku || (facts_->eku & (XKU_SSL_CLIENT | XKU_ANYEKU)) != 0;
}
const std::string& Certificate::key_type() const {
  return facts_->key_type;
}
int Certificate::security_bits() const {
  return facts_->security_bits;
}
const std::string& Certificate::signature_algorithm() const {
  return facts_->signature_algorithm;
}
const std::string& Certificate::subject_key_id() const {
  return facts_->subject_key_id;
}
const std::string& Certificate::authority_key_id() const {
  return facts_->authority_key_id;
}
const std::vector<std::string>& Certificate::crl_urls() const {
  return facts_->crl_urls;
}
const std::vector<std::string>& Certificate::ocsp_urls() const {
  return facts_->ocsp_urls;
}
const std::vector<std::string>& Certificate::aia_urls() const {
  return facts_->aia_urls;
}
X509* Certificate::native() const {
  return facts_->native.get();
}

std::string Certificate::pem() const {
  constexpr std::size_t kLine = 64;  // RFC 7468 s2
  const std::string text = to_base64(facts_->der);
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t i = 0; i < text.size(); i += kLine) out += text.substr(i, kLine) + "\n";
  return out + "-----END CERTIFICATE-----\n";
}

}  // namespace postern::x509
