// Certificate revocation lists. Source: RFC 5280 s5, s6.3.3. A delta list adds revocations to a
// complete one and lifts holds; by itself it calls nothing good. An indirect list counts where a CA
// of the path issued its signer's certificate; another CRL issuer is `unsupported`. Lists for some
// reasons are good only together.
#include <openssl/pem.h>

#include "base/text_encoding.h"
#include "x509/certificate_file.h"
#include "x509/pem.h"
#include "x509/revocation_index.h"

namespace postern::x509 {
namespace {

constexpr std::string_view kExpected = "; expected is a revocation list, in PEM or DER form";

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

// ---- which certificates a list is about --------------------------------------------------------

using Points = std::unique_ptr<CRL_DIST_POINTS, OpenSslDelete<CRL_DIST_POINTS_free>>;

Points points_of(const Certificate& certificate) {
  return Points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate.native(), NID_crl_distribution_points, nullptr, nullptr)));
}

bool names_meet(const GENERAL_NAMES* a, const GENERAL_NAMES* b) {
  for (int i = 0; i < sk_GENERAL_NAME_num(a); ++i)
    for (int j = 0; j < sk_GENERAL_NAME_num(b); ++j)
      if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, j)) == 0)
        return true;
  return false;
}

bool names_directory(const GENERAL_NAMES* names, const X509_NAME* wanted) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DIRNAME && X509_NAME_cmp(name->d.directoryName, wanted) == 0) return true;
  }
  return false;
}

const X509_NAME* first_directory(const GENERAL_NAMES* names) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i)
    if (const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i); name->type == GEN_DIRNAME)
      return name->d.directoryName;
  return nullptr;
}

// Both complete: a name relative to its CRL issuer has become a directory name (dpname).
bool point_names_meet(const DIST_POINT_NAME* a, const DIST_POINT_NAME* b) {
  if (a->dpname != nullptr && b->dpname != nullptr) return X509_NAME_cmp(a->dpname, b->dpname) == 0;
  if (a->dpname != nullptr) return b->type == 0 && names_directory(b->name.fullname, a->dpname);
  if (b->dpname != nullptr) return a->type == 0 && names_directory(a->name.fullname, b->dpname);
  return a->type == 0 && b->type == 0 && names_meet(a->name.fullname, b->name.fullname);
}

unsigned reasons_of(const ASN1_BIT_STRING* bits) {
  if (bits == nullptr) return kAllReasons;
  const std::string_view octets = view_of(bits);
  unsigned out = 0;
  for (std::size_t i = 0; i < 2 && i < octets.size(); ++i)
    out |= static_cast<unsigned>(static_cast<unsigned char>(octets[i])) << (8 * i);
  return out & kAllReasons;
}

// RFC 5280 s6.3.3 (b)(2)(i): the list's distribution point must be one that the certificate names;
// a CA may split its list, and the absence from another part says nothing. The reasons for which
// the certificate names it, as bits; 0: it does not.
unsigned reasons_of_point(DIST_POINT_NAME* list, const X509_NAME* crl_issuer,
                          const Certificate& certificate) {
  if (list == nullptr) return kAllReasons;
  if (DIST_POINT_set_dpname(list, crl_issuer) != 1) return 0;
  unsigned out = 0;
  const Points points = points_of(certificate);
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
    const X509_NAME* its_issuer = first_directory(point->CRLissuer);
    if (its_issuer == nullptr) its_issuer = X509_get_issuer_name(certificate.native());
    const bool meets = point->distpoint == nullptr
                           ? list->type == 0 && names_meet(point->CRLissuer, list->name.fullname)
                           : DIST_POINT_set_dpname(point->distpoint, its_issuer) == 1 &&
                                 point_names_meet(point->distpoint, list);
    if (meets) out |= reasons_of(point->reasons);
  }
  return out;
}

// RFC 5280 s4.2.1.13: the certificate says that another than its issuer signs its lists.
bool names_crl_issuer(const Certificate& certificate, const X509_NAME* crl_issuer) {
  const Points points = points_of(certificate);
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i)
    if (names_directory(sk_DIST_POINT_value(points.get(), i)->CRLissuer, crl_issuer)) return true;
  return false;
}

struct Scope {
  std::string objection = {};  // why the list does not speak about the certificate
  unsigned reasons = kAllReasons;
  bool indirect = false;
};

Scope scope_of(const CrlList& crl, const Certificate& certificate) {
  X509_CRL* head = crl.head();
  if (has_unknown_critical_extension(head)) return {"the CRL has an unknown critical extension"};
  if (crl.has_unknown_critical_entry())
    return {"the CRL has an entry with an unknown critical extension"};
  const PointPtr point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(head, NID_issuing_distribution_point, nullptr, nullptr)));
  if (point == nullptr) {
    if (X509_CRL_get_ext_by_NID(head, NID_issuing_distribution_point, -1) >= 0)
      return {"the CRL's distribution point is unreadable"};
    return {};
  }
  if (point->onlyattr > 0) return {"the CRL is for attribute certificates only"};
  if (point->onlyuser > 0 && certificate.is_ca()) return {"the CRL does not cover CA certificates"};
  if (point->onlyCA > 0 && !certificate.is_ca()) return {"the CRL covers CA certificates only"};
  const unsigned named = reasons_of_point(point->distpoint, X509_CRL_get_issuer(head), certificate);
  if (named == 0) return {"the CRL is for another distribution point"};
  return {"", named & reasons_of(point->onlysomereasons), point->indirectCRL > 0};
}

// ---- who signed it, and when -------------------------------------------------------------------

// Why the list is not in force at `now`; empty: it is.
std::string time_objection(const X509_CRL* crl, Time now, Duration slack) {
  const auto this_update = time_of(X509_CRL_get0_lastUpdate(crl));
  if (!this_update) return "the CRL's thisUpdate is unreadable";
  if (*this_update > now + slack) return "the CRL begins only at " + format_rfc3339(*this_update);
  const auto next_update = time_of(X509_CRL_get0_nextUpdate(crl));
  if (!next_update) return "the CRL names no nextUpdate";  // required: RFC 5280 s5.1.2.5
  if (*next_update + slack < now) return "CRL past nextUpdate " + format_rfc3339(*next_update);
  return "";
}

// RFC 5280 s6.3.3 (f), (g): by the issuer's key, or by that of another certificate of the CRL
// issuer's name on the way to the same anchor: a CA may have a key of its own for its lists. Why it
// does not count; empty: it does.
std::string signature_objection(const CrlList& crl, const RevocationQuestion& question,
                                const std::function<bool(const Certificate&)>& signed_by) {
  const X509_NAME* crl_issuer = X509_CRL_get_issuer(crl.head());
  const auto named = [&](const Certificate& signer) {
    return X509_NAME_cmp(X509_get_subject_name(signer.native()), crl_issuer) == 0;
  };
  const auto may_sign = [](const Certificate& signer) {  // all ones without the extension
    return (X509_get_key_usage(signer.native()) & KU_CRL_SIGN) != 0;
  };
  if (named(question.issuer) && may_sign(question.issuer) && signed_by(question.issuer)) return "";
  for (const Certificate& signer : question.crl_signers)
    if (named(signer) && may_sign(signer) && signed_by(signer)) return "";
  return may_sign(question.issuer) ? "the CRL's signature is not its issuer's"
                                   : "the issuer may not sign CRLs (key usage)";
}

bool has_strong_signature(const X509_CRL* crl) {
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(crl, nullptr, &algorithm);
  return is_strong_signature(algorithm);
}

// ---- what it says ------------------------------------------------------------------------------

RevocationFinding judge_entry(const CrlList::Entry& entry, Time issued, const std::string& stale) {
  // Revocation is final but for a hold, so a list past its date still revokes.
  const bool hold = entry.kind == CrlList::Kind::hold;
  if (!stale.empty() && hold) return unknown_because(stale + " (and it had a hold)");
  return {
      .state = RevocationState::revoked, .revoked_at = entry.at, .hold = hold, .issued = issued};
}

RevocationFinding unsupported_because(std::string detail) {
  return {.detail = std::move(detail), .unsupported = true};
}

}  // namespace

std::optional<RevocationFinding> judge_crl(
    const CrlList& crl, const RevocationQuestion& question,
    const std::function<bool(const Certificate&)>& signed_by) {
  X509_CRL* head = crl.head();
  const X509_NAME* crl_issuer = X509_CRL_get_issuer(head);
  const bool of_issuer =
      X509_NAME_cmp(crl_issuer, X509_get_issuer_name(question.certificate.native())) == 0;
  if (!of_issuer && !names_crl_issuer(question.certificate, crl_issuer)) return std::nullopt;
  const Scope scope = scope_of(crl, question.certificate);
  if (!scope.objection.empty()) return unknown_because(scope.objection);
  if (!of_issuer && !scope.indirect)  // RFC 5280 s6.3.3 (b)(1)
    return unknown_because("its CRL is signed by another than its issuer, and not an indirect one");
  if (std::string why = signature_objection(crl, question, signed_by); !why.empty()) {
    if (of_issuer) return unknown_because(std::move(why));
    return unsupported_because(
        "its CRL is signed by another than its issuer, whose certificate no CA of the path issued");
  }

  const std::string stale = time_objection(head, question.now, question.slack);
  const Time issued = time_of(X509_CRL_get0_lastUpdate(head)).value_or(Time{});
  const auto entry = crl.find(question.certificate);
  if (entry && entry->kind != CrlList::Kind::removed) return judge_entry(*entry, issued, stale);
  if (X509_CRL_get_ext_by_NID(head, NID_delta_crl, -1) >= 0) {
    RevocationFinding delta = unknown_because("only a delta list, and no complete one");
    delta.lifts_hold = entry && stale.empty() && has_strong_signature(head);
    delta.issued = issued;
    return delta;
  }
  if (!stale.empty()) return unknown_because(stale);
  if (!has_strong_signature(head))
    return unknown_because("the CRL is signed with a weak algorithm");
  return RevocationFinding{.state = RevocationState::good, .reasons = scope.reasons};
}

Result<std::vector<std::string>> parse_crls(std::string_view octets) {
  // Lists are long: octets that need no conversion are not copied.
  const auto wide = octets.starts_with('\x30') ? std::nullopt : decode_utf16(octets);
  std::string_view text = wide ? std::string_view(wide->text) : octets;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > kMaxCrlOctets)
    return invalid("more than " + std::to_string(kMaxCrlOctets) + " octets of CRLs");
  std::vector<std::string> out;
  const auto add = [&out](std::string_view der) {
    if (!CrlList::read(der)) return false;
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
