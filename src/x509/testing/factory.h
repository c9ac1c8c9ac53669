// Certificates, CRLs and OCSP responses made to order, for tests of every module and for the
// program `testca`. Right by default: a spec names only what a test is about. Keys and
// serial numbers are random; nothing else varies between runs. Broken use of the
// factory itself (an unreadable URL, an unknown word in `eku`) ends the program with a message: it
// is a mistake in a test. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/certificate.h"

typedef struct evp_pkey_st EVP_PKEY;

namespace postern::x509::testing {

enum class KeyType { ec_p256, rsa_2048, rsa_1024, ed25519 };

// A key pair, cheap to copy (shared).
class Key {
 public:
  [[nodiscard]] static Key generate(KeyType type = KeyType::ec_p256);
  // A public key of random numbers that signs nothing: RSA of any length, at once.
  [[nodiscard]] static Key public_rsa(int bits);
  // Errors: invalid.
  [[nodiscard]] static Result<Key> from_pem(std::string_view text);
  [[nodiscard]] std::string pem() const;  // PKCS #8, not encrypted
  [[nodiscard]] EVP_PKEY* native() const { return key_.get(); }

 private:
  explicit Key(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

struct Issued {
  Certificate certificate;
  Key key;
};

// Valid for the machine's clock and for tests that set theirs between these two.
inline constexpr Time kDefaultNotBefore{std::chrono::sys_days{std::chrono::January / 1 / 2024}};
inline constexpr Time kDefaultNotAfter{std::chrono::sys_days{std::chrono::January / 1 / 2044}};

struct CertificateSpec {
  // The subject: `name` when given (pairs like {"O", "Contoso"}, most general first), else CN, with
  // O before it when `organization` is given. An empty `common_name` is left out.
  std::string common_name = {};
  std::string organization = {};
  std::vector<std::pair<std::string, std::string>> name = {};
  std::vector<std::string> dns = {}, ip = {}, email = {};  // SAN; none of them: no SAN extension
  Time not_before = kDefaultNotBefore;                     // cut to whole seconds
  Time not_after = kDefaultNotAfter;
  bool ca = false;
  bool basic_constraints = true;        // false: the extension is left out
  std::optional<int> path_length = {};  // CA only
  std::vector<std::string> eku = {};    // "server", "client", "any", "ocsp", "email", "code"
  std::optional<std::vector<std::string>> key_usage =
      {};  // OpenSSL's words, e.g. "digitalSignature";
           // empty list: none. Absent: keyCertSign,
           // cRLSign for a CA, digitalSignature and
           // (RSA) keyEncipherment for a leaf
  KeyType key_type = KeyType::ec_p256;
  std::optional<Key> key = {};    // this key instead of a new one (renewal, cross-signing)
  std::string digest = "SHA256";  // "SHA1", "MD5", …; without meaning for an Ed25519 issuer
  bool subject_key_id = true, authority_key_id = true;
  std::vector<std::string> crl_urls = {}, ocsp_urls = {}, aia_urls = {};
  // Name constraints, in OpenSSL's form: "DNS:contoso.com", "IP:10.0.0.0/255.0.0.0".
  std::vector<std::string> permitted = {}, excluded = {};
  // Further extensions in OpenSSL's form, e.g. {"1.2.3.4", "critical,ASN1:UTF8String:x"}.
  std::vector<std::pair<std::string, std::string>> extensions = {};
};

// Self-signed. For a CA say `.ca = true`, or use make_root.
[[nodiscard]] Issued make_self_signed(const CertificateSpec& spec);
[[nodiscard]] Issued make_root(const std::string& common_name);
[[nodiscard]] Issued make_root(CertificateSpec spec);  // with ca = true
[[nodiscard]] Issued issue(const Issued& issuer, const CertificateSpec& spec);
[[nodiscard]] Issued make_intermediate(const Issued& issuer, const std::string& common_name);
[[nodiscard]] Issued make_intermediate(const Issued& issuer, CertificateSpec spec);  // ca = true
// A leaf for `host` as CN and SAN, for servers and clients alike.
[[nodiscard]] Issued make_leaf(const Issued& issuer, const std::string& host);
// The same subject and key as `subject`, certified by `issuer`.
[[nodiscard]] Issued cross_sign(const Issued& issuer, const Issued& subject);
// `certificate` with one bit of its signature turned.
[[nodiscard]] Certificate break_signature(const Certificate& certificate);

struct RevokedEntry {
  Certificate certificate;
  Time at = kDefaultNotBefore;
  std::optional<int> reason = {};  // RFC 5280 s5.3.1: 1 keyCompromise, 6 certificateHold, …
  std::vector<std::pair<std::string, std::string>> extensions = {};  // as those of a CRL
};
struct CrlSpec {
  std::vector<RevokedEntry> revoked = {};
  Time this_update = kDefaultNotBefore;
  std::optional<Time> next_update = kDefaultNotAfter;
  // Extensions of the list in OpenSSL's form, e.g. {"issuingDistributionPoint",
  // "critical,indirectCRL:TRUE"}, {"2.5.29.27", "critical,ASN1:INTEGER:1"}.
  std::vector<std::pair<std::string, std::string>> extensions = {};
  std::string digest = "SHA256";
};
[[nodiscard]] std::string make_crl(const Issued& issuer, const CrlSpec& spec);  // DER

struct OcspSpec {
  enum class Status { good, revoked, unknown };
  Status status = Status::good;
  Time revoked_at = kDefaultNotBefore;
  Time this_update = kDefaultNotBefore;
  std::optional<Time> next_update = kDefaultNotAfter;
  std::optional<Issued> responder = {};  // signs instead of the issuer; its certificate is enclosed
};
[[nodiscard]] std::string make_ocsp(const Issued& issuer, const Certificate& certificate,
                                    const OcspSpec& spec);  // DER
// A response that carries no answer, e.g. 3 (tryLater). Source: RFC 6960 s4.2.1.
[[nodiscard]] std::string make_ocsp_error(int response_status);

// PKCS #12 with the key, its certificate and the others.
[[nodiscard]] std::string make_pfx(const Issued& subject, const std::vector<Certificate>& others,
                                   const std::string& password);
// Concatenated PEM, in order.
[[nodiscard]] std::string pem_chain(const std::vector<Certificate>& certificates);
[[nodiscard]] std::string pem_crl(std::string_view der);

}  // namespace postern::x509::testing
