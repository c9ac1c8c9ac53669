#include "x509/revocation_fetch.h"

#include <algorithm>

#include <openssl/pkcs7.h>

#include "base/text.h"
#include "x509/openssl.h"
#include "x509/revocation_index.h"

namespace postern::x509 {
namespace {

using RequestPtr = std::unique_ptr<OCSP_REQUEST, OpenSslDelete<OCSP_REQUEST_free>>;
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, OpenSslDelete<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, OpenSslDelete<OCSP_BASICRESP_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, OpenSslDelete<PKCS7_free>>;

std::unexpected<Error> broken(const std::string& what) {
  (void)take_openssl_error();
  return invalid(what);
}

// The certificates of a certs-only message; empty: it is none.
std::vector<Certificate> certificates_of_cms(std::string_view octets) {
  const unsigned char* at = octets_of(octets);
  const Pkcs7Ptr message(d2i_PKCS7(nullptr, &at, static_cast<long>(octets.size())));
  std::vector<Certificate> out;
  if (message == nullptr || !PKCS7_type_is_signed(message.get()) || message->d.sign == nullptr)
    return out;
  const STACK_OF(X509)* stack = message->d.sign->cert;
  const int count = std::min(sk_X509_num(stack), static_cast<int>(kMaxFetchedIssuers));
  for (int i = 0; i < count; ++i) {
    Result<Certificate> one = Certificate::from_der(encode_der(sk_X509_value(stack, i), i2d_X509));
    if (one) out.push_back(std::move(*one));
  }
  return out;
}

}  // namespace

bool is_fetchable(std::string_view url) {
  return istarts_with(url, "http://") || istarts_with(url, "https://");
}

Result<std::string> ocsp_request(const Certificate& certificate, const Certificate& issuer) {
  const RequestPtr request(OCSP_REQUEST_new());
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), certificate.native(), issuer.native());
  if (request == nullptr || id == nullptr || OCSP_request_add0_id(request.get(), id) == nullptr) {
    OCSP_CERTID_free(id);  // add0 owns it only on success
    return broken("no OCSP request can be made for this certificate");
  }
  std::string der = encode_der(request.get(), i2d_OCSP_REQUEST);
  if (der.empty()) return broken("no OCSP request can be made for this certificate");
  return der;
}

Result<AnswerTimes> crl_times(std::string_view der) {
  if (der.size() > kMaxCrlOctets) return invalid("the CRL is too long");
  const std::optional<CrlList> crl = CrlList::read(der);
  if (!crl) return broken("this is no CRL");
  const std::optional<Time> begins = time_of(X509_CRL_get0_lastUpdate(crl->head()));
  if (!begins) return broken("the CRL's thisUpdate is unreadable");
  return AnswerTimes{*begins, time_of(X509_CRL_get0_nextUpdate(crl->head()))};
}

Result<AnswerTimes> ocsp_times(std::string_view der) {
  if (der.size() > kMaxOcspOctets) return invalid("the OCSP response is too long");
  const unsigned char* at = octets_of(der);
  const ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  if (response == nullptr) return broken("this is no OCSP response");
  const int outcome = OCSP_response_status(response.get());
  if (outcome != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return invalid(std::string("the OCSP responder answered ") + OCSP_response_status_str(outcome));
  const BasicPtr basic(OCSP_response_get1_basic(response.get()));
  const int count = basic == nullptr ? 0 : OCSP_resp_count(basic.get());
  if (count <= 0) return broken("the OCSP response carries no answer");
  AnswerTimes out;
  for (int i = 0; i < std::min(count, static_cast<int>(kMaxOcspAnswers)); ++i) {
    ASN1_GENERALIZEDTIME *this_update = nullptr, *next_update = nullptr;
    OCSP_single_get0_status(OCSP_resp_get0(basic.get(), i), nullptr, nullptr, &this_update,
                            &next_update);
    const std::optional<Time> begins = time_of(this_update), ends = time_of(next_update);
    if (!begins) return broken("the OCSP response's thisUpdate is unreadable");
    out.begins = std::max(out.begins, *begins);
    if (ends) out.ends = std::min(out.ends.value_or(*ends), *ends);
  }
  return out;
}

Result<std::vector<Certificate>> parse_issuers(std::string_view octets) {
  // A CMS message may carry several certificates, and chaff.
  if (octets.size() > kMaxCertificateOctets)
    return invalid("what came is too long for a certificate");
  std::vector<Certificate> found;
  if (Result<Certificate> one = Certificate::from_der(octets)) {
    found.push_back(std::move(*one));
  } else if (octets.starts_with("-----BEGIN")) {
    TRY(found, parse_pem(octets));
  } else {
    found = certificates_of_cms(octets);
  }
  if (found.empty()) return broken("this is no certificate");
  if (found.size() > kMaxFetchedIssuers)
    found.erase(found.begin() + kMaxFetchedIssuers, found.end());
  return found;
}

}  // namespace postern::x509
