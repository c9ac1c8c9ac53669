// OCSP responses. Source: RFC 6960 s3.2 (what makes a response acceptable), s4.2.2.2 (who may
// sign: the issuer, or a certificate that it signed for OCSPSigning).
#include <algorithm>

#include "x509/revocation_index.h"

namespace postern::x509 {
namespace {

using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, OpenSslDelete<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, OpenSslDelete<OCSP_BASICRESP_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, OpenSslDelete<OCSP_CERTID_free>>;

// Whether `id` names this certificate below this issuer, by the digest that `id` itself uses.
bool names_certificate(const OCSP_CERTID* id, const Certificate& certificate,
                       const Certificate& issuer) {
  ASN1_OBJECT* digest = nullptr;
  if (OCSP_id_get0_info(nullptr, &digest, nullptr, nullptr, const_cast<OCSP_CERTID*>(id)) != 1)
    return false;
  const EVP_MD* algorithm = EVP_get_digestbyobj(digest);
  if (algorithm == nullptr) return false;
  const IdPtr ours(OCSP_cert_to_id(algorithm, certificate.native(), issuer.native()));
  return ours != nullptr && OCSP_id_cmp(ours.get(), id) == 0;
}

OCSP_SINGLERESP* find_answer(OCSP_BASICRESP* basic, const Certificate& certificate,
                             const Certificate& issuer) {
  const int count = std::min(OCSP_resp_count(basic), static_cast<int>(kMaxOcspAnswers));
  for (int i = 0; i < count; ++i) {
    OCSP_SINGLERESP* answer = OCSP_resp_get0(basic, i);
    if (names_certificate(OCSP_SINGLERESP_get0_id(answer), certificate, issuer)) return answer;
  }
  return nullptr;
}

bool has_critical_extension(OCSP_BASICRESP* basic, OCSP_SINGLERESP* answer) {
  return OCSP_BASICRESP_get_ext_by_critical(basic, 1, -1) >= 0 ||
         OCSP_SINGLERESP_get_ext_by_critical(answer, 1, -1) >= 0;
}

// RFC 6960 s4.2.2.2. That the responder itself was revoked is not asked: few of its certificates
// lack id-pkix-ocsp-nocheck, and those live for days.
bool may_answer_for(X509* responder, const Certificate& issuer, Time now) {
  const auto begins = time_of(X509_get0_notBefore(responder));
  const auto ends = time_of(X509_get0_notAfter(responder));
  if (!begins || !ends || now < *begins || std::chrono::floor<std::chrono::seconds>(now) > *ends)
    return false;
  const bool has_purpose = (X509_get_extension_flags(responder) & EXFLAG_XKUSAGE) != 0 &&
                           (X509_get_extended_key_usage(responder) & XKU_OCSP_SIGN) != 0;
  const bool may_sign = (X509_get_key_usage(responder) & KU_DIGITAL_SIGNATURE) != 0;
  return has_purpose && may_sign && X509_check_issued(issuer.native(), responder) == X509_V_OK &&
         X509_verify(responder, X509_get0_pubkey(issuer.native())) == 1;
}

bool signed_by(OCSP_BASICRESP* basic, X509* signer) {
  const BorrowedX509StackPtr stack(sk_X509_new_null());
  if (stack == nullptr || sk_X509_push(stack.get(), signer) == 0) return false;
  return OCSP_basic_verify(basic, stack.get(), nullptr, OCSP_NOVERIFY | OCSP_NOINTERN) == 1;
}

// Why the signature does not count; empty: it does.
std::string signature_objection(OCSP_BASICRESP* basic, const Certificate& issuer, Time now) {
  if (signed_by(basic, issuer.native())) return "";
  const STACK_OF(X509)* enclosed = OCSP_resp_get0_certs(basic);
  const int count = std::min(sk_X509_num(enclosed), static_cast<int>(kMaxOcspCertificates));
  bool signer_found = false;
  for (int i = 0; i < count; ++i) {
    X509* responder = sk_X509_value(enclosed, i);
    if (!signed_by(basic, responder)) continue;
    signer_found = true;
    if (may_answer_for(responder, issuer, now)) return "";
  }
  return signer_found ? "the OCSP responder's certificate is not authorised by the issuer"
                      : "the OCSP response is not signed by the issuer or an enclosed responder";
}

std::string time_objection(const ASN1_GENERALIZEDTIME* begins, const ASN1_GENERALIZEDTIME* ends,
                           Time now, Duration slack) {
  const auto this_update = time_of(begins);
  if (!this_update) return "the OCSP response's thisUpdate is unreadable";
  if (*this_update > now + slack)
    return "the OCSP response begins only at " + format_rfc3339(*this_update);
  const auto next_update = time_of(ends);
  if (ends != nullptr && !next_update) return "the OCSP response's nextUpdate is unreadable";
  const Time until = next_update.value_or(*this_update + kOcspMaxAgeWithoutNextUpdate);
  if (until + slack < now) return "OCSP response past nextUpdate " + format_rfc3339(until);
  return "";
}

}  // namespace

std::optional<RevocationFinding> judge_ocsp(std::string_view der,
                                            const RevocationQuestion& question) {
  const auto& [certificate, issuer, crl_signers, now, slack] = question;
  if (der.size() > kMaxOcspOctets) return unknown_because("the OCSP response is too long");
  const unsigned char* at = octets_of(der);
  const ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  if (response == nullptr) return unknown_because("the OCSP response is unreadable");
  const int outcome = OCSP_response_status(response.get());
  if (outcome != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return unknown_because(std::string("the OCSP responder answered ") +
                           OCSP_response_status_str(outcome));
  const BasicPtr basic(OCSP_response_get1_basic(response.get()));
  if (basic == nullptr) return unknown_because("the OCSP response is unreadable");
  OCSP_SINGLERESP* answer = find_answer(basic.get(), certificate, issuer);
  if (answer == nullptr) return std::nullopt;
  if (has_critical_extension(basic.get(), answer))
    return unknown_because("the OCSP response has an unknown critical extension");
  if (std::string why = signature_objection(basic.get(), issuer, now); !why.empty())
    return unknown_because(std::move(why));

  int reason = 0;
  ASN1_GENERALIZEDTIME *revoked_at = nullptr, *this_update = nullptr, *next_update = nullptr;
  const int status =
      OCSP_single_get0_status(answer, &reason, &revoked_at, &this_update, &next_update);
  if (std::string why = time_objection(this_update, next_update, now, slack); !why.empty())
    return unknown_because(std::move(why));
  if (status == V_OCSP_CERTSTATUS_REVOKED)
    return RevocationFinding{.state = RevocationState::revoked,
                             .revoked_at = time_of(revoked_at).value_or(Time{})};
  if (!is_strong_signature(OCSP_resp_get0_tbs_sigalg(basic.get())))
    return unknown_because("the OCSP response is signed with a weak algorithm");
  if (status == V_OCSP_CERTSTATUS_GOOD) return RevocationFinding{.state = RevocationState::good};
  return unknown_because("the OCSP responder does not know the certificate");
}

}  // namespace postern::x509
