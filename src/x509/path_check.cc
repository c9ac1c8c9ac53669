#include "x509/path_check.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <tuple>

#include "base/text.h"
#include "x509/openssl.h"

namespace postern::x509 {
namespace {

constexpr std::size_t kMaxShownName = 300;

// Collects the faults of one path.
class Faults {
 public:
  explicit Faults(const std::vector<Certificate>& path) : path_(path) {}

  void add(std::size_t depth, std::string_view code, std::string detail, int openssl_error) {
    depth = std::min(depth, path_.size() - 1);
    const bool known = std::ranges::any_of(
        faults_, [&](const PathFault& f) { return f.depth == depth && f.code == code; });
    if (!known) faults_.push_back({depth, std::string(code), std::move(detail), openssl_error});
  }
  [[nodiscard]] const std::vector<Certificate>& path() const { return path_; }
  [[nodiscard]] std::vector<PathFault> take() { return std::move(faults_); }

 private:
  const std::vector<Certificate>& path_;
  std::vector<PathFault> faults_;
};

// RFC 5280 s4.1.2.5: notAfter is inclusive, to the second. Anchors too: the RFC leaves their dates
// aside, but an administrator expects an expired root to be said.
void check_dates(Faults& faults, Time now) {
  for (std::size_t i = 0; i < faults.path().size(); ++i) {
    const Certificate& c = faults.path()[i];
    if (std::chrono::floor<std::chrono::seconds>(now) > c.not_after())
      faults.add(i, "expired", describe(c) + " expired at " + format_rfc3339(c.not_after()),
                 X509_V_ERR_CERT_HAS_EXPIRED);
    if (now < c.not_before())
      faults.add(i, "not-yet-valid",
                 describe(c) + " is valid only from " + format_rfc3339(c.not_before()),
                 X509_V_ERR_CERT_NOT_YET_VALID);
  }
}

bool purpose_allowed(const Certificate& certificate, Purpose purpose) {
  return purpose == Purpose::tls_server ? certificate.eku_allows_server()
                                        : certificate.eku_allows_client();
}

// RFC 5280 s4.2.1.3, s4.2.1.12; an extended key usage of a CA narrows what is below it, as all TLS
// libraries have it. Anchors count as they stand.
void check_purpose(Faults& faults, Purpose purpose) {
  const auto& path = faults.path();
  const std::string use = purpose == Purpose::tls_server ? "TLS servers" : "TLS clients";
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool anchor_above_leaf = i > 0 && i + 1 == path.size();
    if (!anchor_above_leaf && !purpose_allowed(path[i], purpose))
      faults.add(i, "wrong-key-usage",
                 describe(path[i]) + " is not for " + use + " (extended key usage)",
                 X509_V_ERR_INVALID_PURPOSE);
  }
  const std::uint32_t wanted = purpose == Purpose::tls_server
                                   ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT
                                   : KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT;
  if ((X509_get_key_usage(path.front().native()) & wanted) == 0)
    faults.add(0, "wrong-key-usage",
               describe(path.front()) + " has a key usage that does not permit " + use,
               X509_V_ERR_INVALID_PURPOSE);
}

// RFC 5280 s6.1.4 (k): OpenSSL also takes CAs that only their key usage makes ones.
void check_cas(Faults& faults) {
  for (std::size_t i = 1; i + 1 < faults.path().size(); ++i) {
    const Certificate& c = faults.path()[i];
    if (!c.is_ca())
      faults.add(i, "chain-constraint", describe(c) + " issues certificates but is not a CA",
                 X509_V_ERR_INVALID_CA);
  }
}

// The bits of security of the signature on a certificate; 0: unknown algorithm.
int signature_bits(const Certificate& certificate) {
  int bits = 0;
  if (X509_get_signature_info(certificate.native(), nullptr, nullptr, &bits, nullptr) != 1)
    return 0;
  return bits;
}

// Every key; every signature but the anchor's, which nobody relies on.
void check_strength(Faults& faults, int min_bits) {
  const auto& path = faults.path();
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Certificate& c = path[i];
    if (c.security_bits() < min_bits)
      faults.add(i, "weak-key-or-hash",
                 describe(c) + " has a weak key (" + c.key_type() + ", " +
                     std::to_string(c.security_bits()) + " bits of security, " +
                     std::to_string(min_bits) + " needed)",
                 i == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL);
    if (i + 1 < path.size() && signature_bits(c) < min_bits)
      faults.add(i, "weak-key-or-hash",
                 describe(c) + " is signed with a weak algorithm (" + c.signature_algorithm() + ")",
                 X509_V_ERR_CA_MD_TOO_WEAK);
  }
}

struct Mapping {
  int error;
  std::string_view code;
};
// What OpenSSL may still say once dates, purpose and strength are taken off it; the rest of its
// errors concern the shape of the chain.
constexpr std::array kMappings = {
    Mapping{X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad-signature"},
    Mapping{X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, "bad-signature"},
    Mapping{X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, "bad-signature"},
    Mapping{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "incomplete-chain"},
    Mapping{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "incomplete-chain"},
    Mapping{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "incomplete-chain"},
    Mapping{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed"},
    Mapping{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "untrusted-root"},
    Mapping{X509_V_ERR_CERT_UNTRUSTED, "untrusted-root"},
    Mapping{X509_V_ERR_CERT_REJECTED, "untrusted-root"},
    Mapping{X509_V_ERR_CERT_HAS_EXPIRED, "expired"},
    Mapping{X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid"},
    Mapping{X509_V_ERR_INVALID_PURPOSE, "wrong-key-usage"},
    Mapping{X509_V_ERR_EE_KEY_TOO_SMALL, "weak-key-or-hash"},
    Mapping{X509_V_ERR_CA_KEY_TOO_SMALL, "weak-key-or-hash"},
    Mapping{X509_V_ERR_CA_MD_TOO_WEAK, "weak-key-or-hash"},
    Mapping{X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, "weak-key-or-hash"},
};

std::string_view code_of(int error) {
  const auto at = std::ranges::find(kMappings, error, &Mapping::error);
  return at == kMappings.end() ? "chain-constraint" : at->code;
}

void add_openssl_fault(Faults& faults, int depth, int error) {
  const std::size_t at =
      std::min(static_cast<std::size_t>(std::max(depth, 0)), faults.path().size() - 1);
  faults.add(at, code_of(error),
             describe(faults.path()[at]) + ": " + X509_verify_cert_error_string(error), error);
}

// OpenSSL's callback: remembers every fault and lets the check go on.
int remember_fault(int ok, X509_STORE_CTX* ctx) {
  if (ok == 0)
    add_openssl_fault(*static_cast<Faults*>(X509_STORE_CTX_get_app_data(ctx)),
                      X509_STORE_CTX_get_error_depth(ctx), X509_STORE_CTX_get_error(ctx));
  return 1;
}

bool same_chain(STACK_OF(X509) * chain, const std::vector<Certificate>& path) {
  if (sk_X509_num(chain) != static_cast<int>(path.size())) return false;
  for (std::size_t i = 0; i < path.size(); ++i)
    if (X509_cmp(sk_X509_value(chain, static_cast<int>(i)), path[i].native()) != 0) return false;
  return true;
}

// RFC 5280 s6.1 over exactly this path: its last certificate is all that is trusted, the others
// all that is offered.
void check_with_openssl(Faults& faults) {
  const auto& path = faults.path();
  const X509StorePtr store(X509_STORE_new());
  const X509StoreCtxPtr ctx(X509_STORE_CTX_new());
  const BorrowedX509StackPtr others(sk_X509_new_null());
  bool ready = store != nullptr && ctx != nullptr && others != nullptr &&
               X509_STORE_add_cert(store.get(), path.back().native()) == 1;
  for (std::size_t i = 1; ready && i + 1 < path.size(); ++i)
    ready = sk_X509_push(others.get(), path[i].native()) > 0;
  ready = ready &&
          X509_STORE_CTX_init(ctx.get(), store.get(), path.front().native(), others.get()) == 1;
  if (!ready) return add_openssl_fault(faults, 0, X509_V_ERR_OUT_OF_MEM);

  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_flags(
      param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_POLICY_CHECK);
  X509_VERIFY_PARAM_set_auth_level(param, 0);
  X509_VERIFY_PARAM_set_depth(param, static_cast<int>(kMaxPathDepth));
  X509_STORE_CTX_set_app_data(ctx.get(), &faults);
  X509_STORE_CTX_set_verify_cb(ctx.get(), remember_fault);
  const int ok = X509_verify_cert(ctx.get());
  if (ok < 0) return add_openssl_fault(faults, 0, X509_STORE_CTX_get_error(ctx.get()));
  // Two certificates of one name and no key identifier: OpenSSL joined them in another way than
  // the search did, so this path has not been checked.
  if (!same_chain(X509_STORE_CTX_get0_chain(ctx.get()), path))
    faults.add(0, "chain-constraint",
               describe(path.front()) + " has a chain that cannot be joined in one way only",
               X509_V_ERR_UNSPECIFIED);
}

}  // namespace

std::string describe(const Certificate& certificate) {
  if (certificate.subject().empty())
    return "the certificate without subject, serial number " +
           printable(certificate.serial(), kMaxShownName);
  return "the certificate \"" + printable(certificate.subject(), kMaxShownName) + "\"";
}

int fault_rank(const PathFault& fault) {
  static constexpr std::array<std::string_view, 12> kOrder = {"limit",
                                                              "self-signed",
                                                              "bad-signature",
                                                              "untrusted-root",
                                                              "incomplete-chain",
                                                              "revoked",
                                                              "expired",
                                                              "not-yet-valid",
                                                              "wrong-key-usage",
                                                              "chain-constraint",
                                                              "weak-key-or-hash",
                                                              "revocation-unreachable"};
  const auto at = std::ranges::find(kOrder, fault.code);
  return static_cast<int>(std::distance(kOrder.begin(), at));
}

void sort_faults(std::vector<PathFault>& faults) {
  std::ranges::sort(faults, {},
                    [](const PathFault& f) { return std::tuple(fault_rank(f), f.depth); });
}

std::vector<PathFault> check_path(const std::vector<Certificate>& path,
                                  const PathOptions& options) {
  Faults faults(path);
  check_dates(faults, options.now);
  check_purpose(faults, options.purpose);
  check_cas(faults);
  check_strength(faults, options.min_security_bits);
  check_with_openssl(faults);
  (void)take_openssl_error();
  std::vector<PathFault> out = faults.take();
  sort_faults(out);
  return out;
}

}  // namespace postern::x509
