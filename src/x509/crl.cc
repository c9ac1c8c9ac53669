// Certificate revocation lists. Source: RFC 5280 s5, s6.3.3. A delta list adds revocations to a
// complete one and lifts holds; by itself it calls nothing good. An indirect list counts where it
// is the certificate's own issuer that signs it; another CRL issuer is `unsupported`. A list for
// some reasons only leaves the rest unknown.
#include <openssl/pem.h>

#include "x509/certificate_file.h"
#include "x509/pem.h"
#include "x509/revocation_index.h"

namespace postern::x509 {
namespace {

constexpr std::string_view kExpected = "; expected is a revocation list, in PEM or DER form";
constexpr int kRemovedFromCrl = 2;  // X509_CRL_get0_by_cert

using PointPtr = std::unique_ptr<ISSUING_DIST_POINT, OpenSslDelete<ISSUING_DIST_POINT_free>>;

// Extensions of the list that are critical and not understood here (RFC 5280 s5.2): the list must
// not be used.
bool has_unknown_critical_extension(const X509_CRL* crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    const X509_EXTENSION* extension = X509_CRL_get_ext(crl, i);
    if (X509_EXTENSION_get_critical(extension) == 0) continue;
    switch (OBJ_obj2nid(X509_EXTENSION_get_object(const_cast<X509_EXTENSION*>(extension)))) {
      case NID_issuing_distribution_point:
      case NID_delta_crl:
        break;
      default:
        return true;
    }
  }
  return false;
}

bool names_meet(const GENERAL_NAMES* a, const GENERAL_NAMES* b) {
  for (int i = 0; i < sk_GENERAL_NAME_num(a); ++i)
    for (int j = 0; j < sk_GENERAL_NAME_num(b); ++j)
      if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, j)) == 0)
        return true;
  return false;
}

// RFC 5280 s6.3.3 (b)(2)(i): the list's distribution point must be one that the certificate names;
// a CA may split its list, and the absence from another part says nothing.
bool distribution_point_fits(const DIST_POINT_NAME* list, const Certificate& certificate) {
  if (list == nullptr) return true;
  if (list->type != 0) return false;  // relative to the CRL issuer: not read
  using Points = std::unique_ptr<CRL_DIST_POINTS, OpenSslDelete<CRL_DIST_POINTS_free>>;
  const Points points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate.native(), NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT_NAME* name = sk_DIST_POINT_value(points.get(), i)->distpoint;
    if (name != nullptr && name->type == 0 && names_meet(name->name.fullname, list->name.fullname))
      return true;
  }
  return false;
}

// Why the list does not speak about this certificate; empty: it does.
std::string scope_objection(X509_CRL* crl, const ISSUING_DIST_POINT* point,
                            const Certificate& certificate) {
  if (has_unknown_critical_extension(crl)) return "the CRL has an unknown critical extension";
  if (point == nullptr)
    return X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) >= 0
               ? "the CRL's distribution point is unreadable"
               : "";
  if (point->onlyattr > 0) return "the CRL is for attribute certificates only";
  if (point->onlyuser > 0 && certificate.is_ca()) return "the CRL does not cover CA certificates";
  if (point->onlyCA > 0 && !certificate.is_ca()) return "the CRL covers CA certificates only";
  if (!distribution_point_fits(point->distpoint, certificate))
    return "the CRL is for another distribution point";
  return "";
}

// Why the list is not in force at `now`; empty: it is.
std::string time_objection(const X509_CRL* crl, Time now) {
  const auto this_update = time_of(X509_CRL_get0_lastUpdate(crl));
  if (!this_update) return "the CRL's thisUpdate is unreadable";
  if (*this_update > now + kRevocationClockSlack)
    return "the CRL begins only at " + format_rfc3339(*this_update);
  const auto next_update = time_of(X509_CRL_get0_nextUpdate(crl));
  if (!next_update) return "the CRL names no nextUpdate";  // required: RFC 5280 s5.1.2.5
  if (*next_update + kRevocationClockSlack < now)
    return "CRL past nextUpdate " + format_rfc3339(*next_update);
  return "";
}

bool on_hold(const X509_REVOKED* entry) {
  using Reason = std::unique_ptr<ASN1_ENUMERATED, OpenSslDelete<ASN1_ENUMERATED_free>>;
  const Reason reason(static_cast<ASN1_ENUMERATED*>(
      X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
  return reason != nullptr && ASN1_ENUMERATED_get(reason.get()) == CRL_REASON_CERTIFICATE_HOLD;
}

RevocationFinding judge_entry(const X509_REVOKED* entry, Time issued, const std::string& stale) {
  // Revocation is final but for a hold, so a list past its date still revokes.
  const bool hold = on_hold(entry);
  if (!stale.empty() && hold) return unknown_because(stale + " (and it had a hold)");
  const auto at = time_of(X509_REVOKED_get0_revocationDate(entry));
  return {.state = RevocationState::revoked,
          .revoked_at = at.value_or(Time{}),
          .hold = hold,
          .issued = issued};
}

// RFC 5280 s4.2.1.13: the certificate says that another than its issuer signs its lists.
bool names_crl_issuer(const Certificate& certificate, const X509_NAME* crl_issuer) {
  using Points = std::unique_ptr<CRL_DIST_POINTS, OpenSslDelete<CRL_DIST_POINTS_free>>;
  const Points points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate.native(), NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const GENERAL_NAMES* names = sk_DIST_POINT_value(points.get(), i)->CRLissuer;
    for (int j = 0; j < sk_GENERAL_NAME_num(names); ++j) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, j);
      if (name->type == GEN_DIRNAME && X509_NAME_cmp(name->d.directoryName, crl_issuer) == 0)
        return true;
    }
  }
  return false;
}

RevocationFinding unsupported_because(std::string detail) {
  return {.detail = std::move(detail), .unsupported = true};
}

}  // namespace

std::optional<RevocationFinding> judge_crl(X509_CRL* crl, const Certificate& certificate,
                                           const Certificate& issuer,
                                           const std::function<bool()>& signature_good, Time now) {
  const X509_NAME* crl_issuer = X509_CRL_get_issuer(crl);
  if (X509_NAME_cmp(crl_issuer, X509_get_issuer_name(certificate.native())) != 0) {
    if (!names_crl_issuer(certificate, crl_issuer)) return std::nullopt;
    return unsupported_because("its CRL is signed by another than its issuer");
  }
  const PointPtr point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, nullptr, nullptr)));
  if (std::string why = scope_objection(crl, point.get(), certificate); !why.empty())
    return unknown_because(std::move(why));
  const std::uint32_t usage = X509_get_key_usage(issuer.native());  // all ones: no extension
  if ((usage & KU_CRL_SIGN) == 0)
    return unknown_because("the issuer may not sign CRLs (key usage)");
  if (!signature_good()) return unknown_because("the CRL's signature is not its issuer's");

  std::string stale = time_objection(crl, now);
  const Time issued = time_of(X509_CRL_get0_lastUpdate(crl)).value_or(Time{});
  X509_REVOKED* entry = nullptr;
  const int found = X509_CRL_get0_by_cert(crl, &entry, certificate.native());
  if (found == 1) return judge_entry(entry, issued, stale);
  if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0) {
    RevocationFinding delta = unknown_because("only a delta list, and no complete one");
    delta.lifts_hold = found == kRemovedFromCrl && stale.empty();
    delta.issued = issued;
    return delta;
  }
  if (!stale.empty()) return unknown_because(std::move(stale));
  if (point != nullptr && point->onlysomereasons != nullptr)
    return unknown_because("the CRL covers some reasons only");
  return RevocationFinding{.state = RevocationState::good};
}

Result<std::vector<std::string>> parse_crls(std::string_view octets) {
  const std::string text = octets.starts_with('\x30') ? std::string(octets) : plain_text(octets);
  if (text.size() > kMaxCrlOctets)
    return invalid("more than " + std::to_string(kMaxCrlOctets) + " octets of CRLs");
  std::vector<std::string> out;
  const auto add = [&out](std::string_view der) {
    const unsigned char* at = octets_of(der);
    const X509CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
    if (crl == nullptr) (void)take_openssl_error();
    if (crl == nullptr || at != octets_of(der) + der.size()) return false;
    out.emplace_back(der);
    return true;
  };
  if (!text.contains("-----BEGIN")) {
    if (!add(text)) return invalid(describe_content(text) + std::string(kExpected));
    return out;
  }
  TRY(const std::vector<PemBlock> blocks, read_pem_blocks(text, {PEM_STRING_X509_CRL}));
  for (const PemBlock& block : blocks)
    if (!add(block.der)) return invalid("PEM block " + std::to_string(block.number) + " is no CRL");
  if (out.empty()) return invalid(describe_content(text) + std::string(kExpected));
  return out;
}

}  // namespace postern::x509
