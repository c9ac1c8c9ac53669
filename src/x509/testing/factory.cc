#include "x509/testing/factory.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "base/text.h"
#include "x509/openssl.h"

namespace postern::x509::testing {
namespace {

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "certificate factory: %s\n", what.c_str());
  ERR_print_errors_fp(stderr);
  std::abort();
}
void require(bool ok, const std::string& what) {
  if (!ok) give_up(what);
}

std::string join_with(const std::vector<std::string>& values, std::string_view prefix) {
  std::vector<std::string> parts;
  for (const std::string& value : values) parts.push_back(std::string(prefix) + value);
  return join(parts, ",");
}

std::string eku_word(const std::string& word) {
  if (word == "server") return "serverAuth";
  if (word == "client") return "clientAuth";
  if (word == "any") return "anyExtendedKeyUsage";
  if (word == "ocsp") return "OCSPSigning";
  if (word == "email") return "emailProtection";
  if (word == "code") return "codeSigning";
  give_up("unknown eku: " + word);
}

void set_time(ASN1_TIME* field, Time t) {
  const auto s = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  require(ASN1_TIME_set(field, static_cast<time_t>(s)) != nullptr, "time out of range");
}

using TimePtr = std::unique_ptr<ASN1_TIME, OpenSslDelete<ASN1_TIME_free>>;
TimePtr generalized(Time t) {
  const auto s = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  return TimePtr(ASN1_GENERALIZEDTIME_set(nullptr, static_cast<time_t>(s)));
}

void set_random_serial(X509* x) {
  std::uint64_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "no entropy");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
}

void set_name(X509* x, const CertificateSpec& spec) {
  X509_NAME* name = X509_get_subject_name(x);
  const auto add = [&](const std::string& key, const std::string& value) {
    require(X509_NAME_add_entry_by_txt(name, key.c_str(), MBSTRING_UTF8, octets_of(value),
                                       static_cast<int>(value.size()), -1, 0) == 1,
            "bad name part " + key + "=" + value);
  };
  for (const auto& [key, value] : spec.name) add(key, value);
  if (!spec.name.empty()) return;
  if (!spec.organization.empty()) add("O", spec.organization);
  if (!spec.common_name.empty()) add("CN", spec.common_name);
}

class Extensions {
 public:
  Extensions(X509* subject, X509* issuer) : subject_(subject) {
    X509V3_set_ctx(&context_, issuer, subject, nullptr, nullptr, 0);
    X509V3_set_ctx_nodb(&context_);
  }
  void add(const std::string& name, const std::string& value) {
    if (value.empty()) return;
    using Ptr = std::unique_ptr<X509_EXTENSION, OpenSslDelete<X509_EXTENSION_free>>;
    const Ptr extension(X509V3_EXT_nconf(nullptr, &context_, name.c_str(), value.c_str()));
    require(extension != nullptr && X509_add_ext(subject_, extension.get(), -1) == 1,
            "bad extension " + name + "=" + value);
  }

 private:
  X509* subject_;
  X509V3_CTX context_{};
};

std::string key_usage_of(const CertificateSpec& spec, EVP_PKEY* key) {
  if (spec.key_usage) return join(*spec.key_usage, ",");
  if (spec.ca) return "keyCertSign,cRLSign,digitalSignature";
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? "digitalSignature,keyEncipherment"
                                                   : "digitalSignature";
}

void add_extensions(X509* x, X509* issuer, const CertificateSpec& spec, EVP_PKEY* key) {
  Extensions out(x, issuer);
  if (spec.basic_constraints && spec.ca)
    out.add("basicConstraints",
            "critical,CA:TRUE" +
                (spec.path_length ? ",pathlen:" + std::to_string(*spec.path_length) : ""));
  if (spec.basic_constraints && !spec.ca) out.add("basicConstraints", "CA:FALSE");
  if (const std::string usage = key_usage_of(spec, key); !usage.empty())
    out.add("keyUsage", "critical," + usage);
  std::vector<std::string> eku;
  for (const std::string& word : spec.eku) eku.push_back(eku_word(word));
  out.add("extendedKeyUsage", join(eku, ","));
  if (spec.subject_key_id) out.add("subjectKeyIdentifier", "hash");
  // "keyid" finds nothing in an issuer without a key identifier, and then must be left out.
  if (spec.authority_key_id && X509_get0_subject_key_id(issuer) != nullptr)
    out.add("authorityKeyIdentifier", "keyid");
  std::vector<std::string> names;
  for (const std::string& n : spec.dns) names.push_back("DNS:" + n);
  for (const std::string& n : spec.ip) names.push_back("IP:" + n);
  for (const std::string& n : spec.email) names.push_back("email:" + n);
  out.add("subjectAltName", join(names, ","));
  out.add("crlDistributionPoints", join_with(spec.crl_urls, "URI:"));
  std::vector<std::string> access;
  for (const std::string& u : spec.ocsp_urls) access.push_back("OCSP;URI:" + u);
  for (const std::string& u : spec.aia_urls) access.push_back("caIssuers;URI:" + u);
  out.add("authorityInfoAccess", join(access, ","));
  std::vector<std::string> constraints;
  for (const std::string& c : spec.permitted) constraints.push_back("permitted;" + c);
  for (const std::string& c : spec.excluded) constraints.push_back("excluded;" + c);
  if (!constraints.empty()) out.add("nameConstraints", "critical," + join(constraints, ","));
  for (const auto& [name, value] : spec.extensions) out.add(name, value);
}

const EVP_MD* digest_for(EVP_PKEY* key, const std::string& name) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return nullptr;
  const EVP_MD* md = EVP_get_digestbyname(name.c_str());
  require(md != nullptr, "unknown digest " + name);
  return md;
}

// `issuer` null: self-signed.
Issued make(const Issued* issuer, const CertificateSpec& spec) {
  const Key key = spec.key ? *spec.key : Key::generate(spec.key_type);
  const X509Ptr x(X509_new());
  require(x != nullptr && X509_set_version(x.get(), X509_VERSION_3) == 1, "no memory");
  set_random_serial(x.get());
  set_time(X509_getm_notBefore(x.get()), spec.not_before);
  set_time(X509_getm_notAfter(x.get()), spec.not_after);
  set_name(x.get(), spec);
  X509* parent = issuer == nullptr ? x.get() : issuer->certificate.native();
  X509_set_issuer_name(x.get(), X509_get_subject_name(parent));
  require(X509_set_pubkey(x.get(), key.native()) == 1, "key does not fit a certificate");
  add_extensions(x.get(), parent, spec, key.native());
  EVP_PKEY* signer = issuer == nullptr ? key.native() : issuer->key.native();
  require(X509_sign(x.get(), signer, digest_for(signer, spec.digest)) > 0, "cannot sign");
  Result<Certificate> certificate = Certificate::from_der(encode_der(x.get(), i2d_X509));
  if (!certificate) give_up(certificate.error().what());
  return {std::move(*certificate), key};
}

template <class Write>
std::string pem_of(Write write) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  require(write(out.get()) == 1, "cannot write PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpenSslDelete<X509_EXTENSION_free>>;

void add_crl_extensions(X509_CRL* crl, const Issued& issuer, const CrlSpec& spec) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer.certificate.native(), nullptr, nullptr, crl, 0);
  X509V3_set_ctx_nodb(&context);
  for (const auto& [name, value] : spec.extensions) {
    const ExtensionPtr extension(X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str()));
    require(extension != nullptr && X509_CRL_add_ext(crl, extension.get(), -1) == 1,
            "bad CRL extension " + name + "=" + value);
  }
}

void add_revoked(X509_CRL* crl, const RevokedEntry& entry) {
  std::unique_ptr<X509_REVOKED, OpenSslDelete<X509_REVOKED_free>> revoked(X509_REVOKED_new());
  X509_REVOKED_set_serialNumber(revoked.get(), X509_get_serialNumber(entry.certificate.native()));
  X509_REVOKED_set_revocationDate(revoked.get(), generalized(entry.at).get());
  if (entry.reason) {
    using Ptr = std::unique_ptr<ASN1_ENUMERATED, OpenSslDelete<ASN1_ENUMERATED_free>>;
    const Ptr reason(ASN1_ENUMERATED_new());
    ASN1_ENUMERATED_set(reason.get(), *entry.reason);
    X509_REVOKED_add1_ext_i2d(revoked.get(), NID_crl_reason, reason.get(), 0, 0);
  }
  for (const auto& [name, value] : entry.extensions) {
    const ExtensionPtr extension(X509V3_EXT_nconf(nullptr, nullptr, name.c_str(), value.c_str()));
    require(extension != nullptr && X509_REVOKED_add_ext(revoked.get(), extension.get(), -1) == 1,
            "bad extension of a CRL entry " + name + "=" + value);
  }
  require(X509_CRL_add0_revoked(crl, revoked.release()) == 1, "cannot add to CRL");
}

int ocsp_status(OcspSpec::Status status) {
  switch (status) {
    case OcspSpec::Status::good:
      return V_OCSP_CERTSTATUS_GOOD;
    case OcspSpec::Status::revoked:
      return V_OCSP_CERTSTATUS_REVOKED;
    case OcspSpec::Status::unknown:
      return V_OCSP_CERTSTATUS_UNKNOWN;
  }
  give_up("unknown OCSP status");
}

using OcspResponsePtr = std::unique_ptr<OCSP_RESPONSE, OpenSslDelete<OCSP_RESPONSE_free>>;

}  // namespace

Key Key::generate(KeyType type) {
  EVP_PKEY* key = nullptr;
  switch (type) {
    case KeyType::ec_p256:
      key = EVP_EC_gen("P-256");
      break;
    case KeyType::rsa_2048:
      key = EVP_RSA_gen(2048);
      break;
    case KeyType::rsa_1024:
      key = EVP_RSA_gen(1024);
      break;
    case KeyType::ed25519:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
  }
  require(key != nullptr, "cannot make a key");
  return Key(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

Key Key::public_rsa(int bits) {
  BIGNUM *modulus = BN_new(), *exponent = BN_new();
  require(BN_rand(modulus, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD) == 1 &&
              BN_set_word(exponent, RSA_F4) == 1,
          "no random number");
  OSSL_PARAM_BLD* parameters = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(parameters, OSSL_PKEY_PARAM_RSA_N, modulus);
  OSSL_PARAM_BLD_push_BN(parameters, OSSL_PKEY_PARAM_RSA_E, exponent);
  OSSL_PARAM* built = OSSL_PARAM_BLD_to_param(parameters);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY* key = nullptr;
  require(EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, built) == 1,
          "cannot make a key");
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(built);
  OSSL_PARAM_BLD_free(parameters);
  BN_free(modulus);
  BN_free(exponent);
  return Key(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

Result<Key> Key::from_pem(std::string_view text) {
  const BioPtr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr);
  if (key == nullptr) return invalid("not a private key: " + take_openssl_error());
  return Key(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

std::string Key::pem() const {
  return pem_of([this](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Issued make_self_signed(const CertificateSpec& spec) {
  return make(nullptr, spec);
}
Issued make_root(CertificateSpec spec) {
  spec.ca = true;
  return make(nullptr, spec);
}
Issued make_root(const std::string& common_name) {
  CertificateSpec spec;
  spec.common_name = common_name;
  return make_root(std::move(spec));
}
Issued issue(const Issued& issuer, const CertificateSpec& spec) {
  return make(&issuer, spec);
}
Issued make_intermediate(const Issued& issuer, CertificateSpec spec) {
  spec.ca = true;
  return make(&issuer, spec);
}
Issued make_intermediate(const Issued& issuer, const std::string& common_name) {
  CertificateSpec spec;
  spec.common_name = common_name;
  return make_intermediate(issuer, std::move(spec));
}
Issued make_leaf(const Issued& issuer, const std::string& host) {
  CertificateSpec spec;
  spec.common_name = host;
  spec.dns = {host};
  spec.eku = {"server", "client"};
  return make(&issuer, spec);
}

Issued cross_sign(const Issued& issuer, const Issued& subject) {
  CertificateSpec spec;
  spec.ca = true;
  spec.key = subject.key;
  const X509_NAME* name = X509_get_subject_name(subject.certificate.native());
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    spec.name.emplace_back(OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))),
                           std::string(view_of(X509_NAME_ENTRY_get_data(entry))));
  }
  return make(&issuer, spec);
}

Certificate break_signature(const Certificate& certificate) {
  // The signature is the last thing in the DER; its last octet belongs to a number, not to a tag.
  std::string der = certificate.der();
  der.back() = static_cast<char>(der.back() ^ 1);
  Result<Certificate> out = Certificate::from_der(der);
  if (!out) give_up(out.error().what());
  return std::move(*out);
}

std::string make_crl(const Issued& issuer, const CrlSpec& spec) {
  const X509CrlPtr crl(X509_CRL_new());
  require(crl != nullptr && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1, "no memory");
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.native()));
  const TimePtr time(ASN1_TIME_new());
  set_time(time.get(), spec.this_update);
  X509_CRL_set1_lastUpdate(crl.get(), time.get());
  if (spec.next_update) {
    set_time(time.get(), *spec.next_update);
    X509_CRL_set1_nextUpdate(crl.get(), time.get());
  }
  for (const RevokedEntry& entry : spec.revoked) add_revoked(crl.get(), entry);
  add_crl_extensions(crl.get(), issuer, spec);
  X509_CRL_sort(crl.get());
  EVP_PKEY* key = issuer.key.native();
  require(X509_CRL_sign(crl.get(), key, digest_for(key, spec.digest)) > 0, "cannot sign CRL");
  return encode_der(crl.get(), i2d_X509_CRL);
}

std::string make_ocsp(const Issued& issuer, const Certificate& certificate, const OcspSpec& spec) {
  using BasicPtr = std::unique_ptr<OCSP_BASICRESP, OpenSslDelete<OCSP_BASICRESP_free>>;
  using IdPtr = std::unique_ptr<OCSP_CERTID, OpenSslDelete<OCSP_CERTID_free>>;
  const BasicPtr basic(OCSP_BASICRESP_new());
  const IdPtr id(OCSP_cert_to_id(EVP_sha1(), certificate.native(), issuer.certificate.native()));
  const bool revoked = spec.status == OcspSpec::Status::revoked;
  require(OCSP_basic_add1_status(
              basic.get(), id.get(), ocsp_status(spec.status), 0,
              revoked ? generalized(spec.revoked_at).get() : nullptr,
              generalized(spec.this_update).get(),
              spec.next_update ? generalized(*spec.next_update).get() : nullptr) != nullptr,
          "cannot make OCSP status");
  const Issued& signer = spec.responder ? *spec.responder : issuer;
  const unsigned long flags = spec.responder ? 0 : OCSP_NOCERTS;
  require(OCSP_basic_sign(basic.get(), signer.certificate.native(), signer.key.native(),
                          digest_for(signer.key.native(), "SHA256"), nullptr, flags) == 1,
          "cannot sign OCSP response");
  const OcspResponsePtr response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  return encode_der(response.get(), i2d_OCSP_RESPONSE);
}

std::string make_ocsp_error(int response_status) {
  const OcspResponsePtr response(OCSP_response_create(response_status, nullptr));
  return encode_der(response.get(), i2d_OCSP_RESPONSE);
}

std::string make_pfx(const Issued& subject, const std::vector<Certificate>& others,
                     const std::string& password) {
  using Pkcs12Ptr = std::unique_ptr<PKCS12, OpenSslDelete<PKCS12_free>>;
  const BorrowedX509StackPtr stack(sk_X509_new_null());
  for (const Certificate& one : others) sk_X509_push(stack.get(), one.native());
  const Pkcs12Ptr pfx(PKCS12_create(password.c_str(), nullptr, subject.key.native(),
                                    subject.certificate.native(), stack.get(), 0, 0, 0, 0, 0));
  if (pfx == nullptr) give_up("no PFX");
  return encode_der(pfx.get(), i2d_PKCS12);
}

std::string pem_chain(const std::vector<Certificate>& certificates) {
  std::string out;
  for (const Certificate& certificate : certificates) out += certificate.pem();
  return out;
}

std::string pem_crl(std::string_view der) {
  const unsigned char* at = octets_of(der);
  const X509CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  require(crl != nullptr, "not a CRL");
  return pem_of([&](BIO* out) { return PEM_write_bio_X509_CRL(out, crl.get()); });
}

}  // namespace postern::x509::testing
