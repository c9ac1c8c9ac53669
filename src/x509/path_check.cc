#include "x509/path_check.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <tuple>

#include <openssl/core_names.h>

#include "base/text.h"
#include "x509/form.h"
#include "x509/name_constraints.h"
#include "x509/openssl.h"

namespace postern::x509 {
namespace {

constexpr std::size_t kMaxShownName = 300;
constexpr int kKeyUsageBits = 9;

// Collects faults, at most one of a code and depth.
class Faults {
 public:
  void add(std::size_t depth, std::string_view code, std::string detail, int openssl_error) {
    add({depth, std::string(code), std::move(detail), openssl_error});
  }
  void add(PathFault fault) {
    const bool known = std::ranges::any_of(faults_, [&](const PathFault& f) {
      return f.depth == fault.depth && f.code == fault.code;
    });
    if (!known) faults_.push_back(std::move(fault));
  }
  [[nodiscard]] std::vector<PathFault> take() { return std::move(faults_); }

 private:
  std::vector<PathFault> faults_;
};

// ---- one certificate in its place --------------------------------------------------------------

// RFC 5280 s4.1.2.5: notAfter is inclusive, to the second. Anchors too: the RFC leaves their dates
// aside, but an administrator expects an expired root to be said.
void check_dates(Faults& faults, const Certificate& c, Time now) {
  if (std::chrono::floor<std::chrono::seconds>(now) > c.not_after())
    faults.add(0, "expired", describe(c) + " expired at " + format_rfc3339(c.not_after()),
               X509_V_ERR_CERT_HAS_EXPIRED);
  if (now < c.not_before())
    faults.add(0, "not-yet-valid",
               describe(c) + " is valid only from " + format_rfc3339(c.not_before()),
               X509_V_ERR_CERT_NOT_YET_VALID);
}

std::string use_of(Purpose purpose) {
  return purpose == Purpose::tls_server ? "TLS servers" : "TLS clients";
}

// RFC 5280 s4.2.1.12; an extended key usage of a CA narrows what is below it, as all TLS libraries
// have it. Whoever makes an anchor of a CA has decided what it is for, but for the strict profile.
void check_extended_usage(Faults& faults, const Certificate& c, Standing standing,
                          const PathOptions& options) {
  const bool counts = standing != Standing::anchor || options.profile == Profile::strict;
  const bool allowed =
      options.purpose == Purpose::tls_server ? c.eku_allows_server() : c.eku_allows_client();
  if (counts && !allowed)
    faults.add(0, "wrong-key-usage",
               describe(c) + " is not for " + use_of(options.purpose) + " (extended key usage)",
               X509_V_ERR_INVALID_PURPOSE);
}

// PathOptions counts bits as RFC 5280 does, OpenSSL from the top of each octet.
std::uint32_t openssl_usage(std::uint32_t asked) {
  std::uint32_t out = 0;
  for (int bit = 0; bit < kKeyUsageBits; ++bit)
    if ((asked >> bit & 1U) != 0) out |= bit < 8 ? 0x80U >> bit : 0x8000U;
  return out;
}

// RFC 5280 s4.2.1.3 for a leaf; without the extension every usage is allowed.
void check_leaf_usage(Faults& faults, const Certificate& c, const PathOptions& options) {
  const std::uint32_t usage = X509_get_key_usage(c.native());
  const std::uint32_t one_of = options.purpose == Purpose::tls_server
                                   ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT
                                   : KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT;
  const std::uint32_t all_of = openssl_usage(options.key_usage);
  if ((usage & one_of) == 0)
    faults.add(0, "wrong-key-usage",
               describe(c) + " has a key usage that does not permit " + use_of(options.purpose),
               X509_V_ERR_INVALID_PURPOSE);
  else if ((usage & all_of) != all_of)
    faults.add(0, "wrong-key-usage", describe(c) + " has a key usage that lacks what is asked",
               X509_V_ERR_INVALID_PURPOSE);
}

// RFC 5280 s6.1.4 (k), (n). A lenient anchor may be a CA in the older ways: a self-signed one of
// version 1, or by its key usage alone.
void check_ca(Faults& faults, const Certificate& c, Standing standing, Profile profile) {
  constexpr int kVersion1 = 3, kByKeyUsage = 4;  // X509_check_ca
  const bool may_sign = (X509_get_key_usage(c.native()) & KU_KEY_CERT_SIGN) != 0;
  bool ca = c.is_ca();
  if (standing == Standing::anchor && profile == Profile::lenient) {
    const int kind = X509_check_ca(c.native());
    ca = ca || kind == kVersion1 || kind == kByKeyUsage;
  }
  if (!ca)
    faults.add(0, "chain-constraint", describe(c) + " issues certificates but is not a CA",
               X509_V_ERR_INVALID_CA);
  else if (!may_sign)
    faults.add(0, "chain-constraint",
               describe(c) + " issues certificates, which its key usage does not permit",
               X509_V_ERR_KEYUSAGE_NO_CERTSIGN);
}

// What no number of bits makes good; empty: nothing.
std::string key_objection(const Certificate& c) {
  EVP_PKEY* key = X509_get0_pubkey(c.native());
  if (key == nullptr) return "a public key that cannot be read";
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_DSA) return "a DSA key, which TLS no longer knows";  // RFC 8446 s4.2.3
  int explicit_curve = 0;
  if (type == EVP_PKEY_EC &&
      EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &explicit_curve) == 1 &&
      explicit_curve != 0)
    return "a key on a curve of its own making";  // RFC 5480 s2.1.1: named curves only
  BIGNUM* exponent = nullptr;
  if ((type != EVP_PKEY_RSA && type != EVP_PKEY_RSA_PSS) ||
      EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
    return "";
  const bool sound = BN_is_odd(exponent) == 1 && BN_is_one(exponent) == 0;  // RFC 8017 s3.1
  BN_free(exponent);
  return sound ? "" : "an RSA key with an exponent that signs nothing";
}

// The bits of security of the signature on a certificate; 0: unknown algorithm.
int signature_bits(const Certificate& certificate) {
  int bits = 0;
  if (X509_get_signature_info(certificate.native(), nullptr, nullptr, &bits, nullptr) != 1)
    return 0;
  return bits;
}

// Every key; every signature but an anchor's, which nobody relies on.
void check_strength(Faults& faults, const Certificate& c, bool anchored, std::size_t depth,
                    int min_bits) {
  const int error = depth == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL;
  if (const std::string why = key_objection(c); !why.empty())
    faults.add(0, "weak-key-or-hash", describe(c) + " has " + why, error);
  if (c.security_bits() < min_bits)
    faults.add(0, "weak-key-or-hash",
               describe(c) + " has a weak key (" + c.key_type() + ", " +
                   std::to_string(c.security_bits()) + " bits of security, " +
                   std::to_string(min_bits) + " needed)",
               error);
  if (!anchored && signature_bits(c) < min_bits)
    faults.add(0, "weak-key-or-hash",
               describe(c) + " is signed with a weak algorithm (" + c.signature_algorithm() + ")",
               X509_V_ERR_CA_MD_TOO_WEAK);
}

void check_form(Faults& faults, const Certificate& c, bool anchored, Profile profile) {
  for (const FormFault& fault : form_faults(c)) {
    const bool counts =
        fault.counts == FormFault::Counts::always ||
        (profile == Profile::strict && (fault.counts == FormFault::Counts::strict || !anchored));
    if (counts)
      faults.add(0, "malformed-certificate", describe(c) + " " + fault.rule, fault.openssl_error);
  }
}

// ---- the path as a whole -----------------------------------------------------------------------

using Path = std::vector<Certificate>;

// The intermediates below `depth` that count for a path length (RFC 5280 s4.2.1.9).
std::size_t counted_below(const Path& path, std::size_t depth) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < depth; ++i) count += path[i].self_issued() ? 0 : 1;
  return count;
}

void check_lengths(Faults& faults, const Path& path, const PathOptions& options) {
  for (std::size_t i = 1; i < path.size(); ++i) {
    const long limit = X509_get_pathlen(path[i].native());
    if (limit >= 0 && counted_below(path, i) > static_cast<std::size_t>(limit))
      faults.add(i, "chain-constraint",
                 describe(path[i]) + " permits " + std::to_string(limit) +
                     " intermediates below it, and there are " +
                     std::to_string(counted_below(path, i)),
                 X509_V_ERR_PATH_LENGTH_EXCEEDED);
  }
  const std::size_t intermediates = counted_below(path, path.size() - 1);
  if (options.max_path_length && intermediates > *options.max_path_length)
    faults.add(path.size() - 1, "chain-constraint",
               "the path has " + std::to_string(intermediates) + " intermediates; " +
                   std::to_string(*options.max_path_length) + " are permitted",
               X509_V_ERR_PATH_LENGTH_EXCEEDED);
}

// RFC 5280 s6.1.3 (b), (c): self-issued certificates are exempt, the leaf never is. Constraints of
// the anchor count (s6.2 leaves that open).
void check_name_constraints(Faults& faults, const Path& path, const PathOptions& options,
                            std::size_t& budget) {
  for (std::size_t i = path.size() - 1; i > 0; --i) {
    const NameConstraints constraints(path[i]);
    if (!constraints.present()) continue;
    for (std::size_t below = 0; below < i; ++below) {
      if (below > 0 && path[below].self_issued()) continue;
      const std::string why =
          constraints.objection(path[below], below == 0 && options.common_name_counts, budget);
      if (why.empty()) continue;
      faults.add(below, budget == 0 ? "limit" : "chain-constraint",
                 describe(path[below]) + " breaks the name constraints of " + describe(path[i]) +
                     ": " + why,
                 X509_V_ERR_PERMITTED_VIOLATION);
      if (budget == 0) return;
    }
  }
}

bool asks_for_policies(const Certificate& c) {
  return X509_get_ext_by_NID(c.native(), NID_policy_constraints, -1) >= 0;
}

// OpenSSL compares every policy with every other.
std::size_t policy_work(const Path& path) {
  using Policies = std::unique_ptr<CERTIFICATEPOLICIES, OpenSslDelete<CERTIFICATEPOLICIES_free>>;
  using Mappings = std::unique_ptr<POLICY_MAPPINGS, OpenSslDelete<free_policy_mappings>>;
  std::size_t count = 0;
  for (const Certificate& c : path) {
    const Policies policies(static_cast<CERTIFICATEPOLICIES*>(
        X509_get_ext_d2i(c.native(), NID_certificate_policies, nullptr, nullptr)));
    const Mappings mappings(static_cast<POLICY_MAPPINGS*>(
        X509_get_ext_d2i(c.native(), NID_policy_mappings, nullptr, nullptr)));
    count += static_cast<std::size_t>(std::max(sk_POLICYINFO_num(policies.get()), 0) +
                                      std::max(sk_POLICY_MAPPING_num(mappings.get()), 0));
  }
  return count * count;
}

// RFC 5280 s6.1.2 (d)-(f), s6.1.5 (a), (b): no policy is asked for here, so policies decide only
// where a certificate of the path asks for one (requireExplicitPolicy).
void check_policies(Faults& faults, const Path& path, std::size_t& budget) {
  if (std::none_of(path.begin(), path.end() - 1, asks_for_policies)) return;
  const std::size_t work = policy_work(path);
  if (work > budget) {
    budget = 0;
    return faults.add(
        0, "limit", describe(path.front()) + " stands below more policies than are worth following",
        X509_V_ERR_INVALID_POLICY_EXTENSION);
  }
  budget -= work;
  const BorrowedX509StackPtr chain(sk_X509_new_null());
  bool ready = chain != nullptr;
  for (std::size_t i = 0; ready && i < path.size(); ++i)
    ready = sk_X509_push(chain.get(), path[i].native()) > 0;
  X509_POLICY_TREE* tree = nullptr;
  int explicit_policy = 0;
  const int found = ready ? X509_policy_check(&tree, &explicit_policy, chain.get(), nullptr, 0) : 0;
  X509_policy_tree_free(tree);
  if (found != X509_PCY_TREE_VALID)
    faults.add(0, "chain-constraint",
               describe(path.front()) + " has no certificate policy that its path demands",
               X509_V_ERR_NO_EXPLICIT_POLICY);
}

}  // namespace

std::string describe(const Certificate& certificate) {
  if (certificate.subject().empty())
    return "the certificate without subject, serial number " +
           printable(certificate.serial(), kMaxShownName);
  return "the certificate \"" + printable(certificate.subject(), kMaxShownName) + "\"";
}

int fault_rank(const PathFault& fault) {
  static constexpr std::array<std::string_view, 14> kOrder = {"limit",
                                                              "self-signed",
                                                              "bad-signature",
                                                              "malformed-certificate",
                                                              "untrusted-root",
                                                              "incomplete-chain",
                                                              "revoked",
                                                              "expired",
                                                              "not-yet-valid",
                                                              "wrong-key-usage",
                                                              "chain-constraint",
                                                              "weak-key-or-hash",
                                                              "revocation-unreachable",
                                                              "unsupported"};
  const auto at = std::ranges::find(kOrder, fault.code);
  return static_cast<int>(std::distance(kOrder.begin(), at));
}

void sort_faults(std::vector<PathFault>& faults) {
  std::ranges::sort(faults, {},
                    [](const PathFault& f) { return std::tuple(fault_rank(f), f.depth); });
}

std::vector<PathFault> check_alone(const Certificate& certificate, Standing standing,
                                   const PathOptions& options) {
  const bool leaf = standing == Standing::leaf || standing == Standing::pinned_leaf;
  const bool anchored = standing == Standing::anchor || standing == Standing::pinned_leaf;
  Faults faults;
  check_dates(faults, certificate, options.now);
  if (standing != Standing::crl_signer) {
    check_extended_usage(faults, certificate, standing, options);
    if (leaf) check_leaf_usage(faults, certificate, options);
    if (!leaf) check_ca(faults, certificate, standing, options.profile);
  }
  check_strength(faults, certificate, anchored, leaf ? 0 : 1, options.min_security_bits);
  check_form(faults, certificate, anchored, options.profile);
  (void)take_openssl_error();
  return faults.take();
}

std::vector<PathFault> check_together(const std::vector<Certificate>& path,
                                      const PathOptions& options, CheckBudget& budget) {
  Faults faults;
  check_lengths(faults, path, options);
  check_name_constraints(faults, path, options, budget.names);
  check_policies(faults, path, budget.policies);
  (void)take_openssl_error();
  return faults.take();
}

}  // namespace postern::x509
