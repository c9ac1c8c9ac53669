// A certificate in DER: its facts agree with themselves. The same octets as PEM text, and as
// Exchange's certificate name.
#include <cstdint>
#include <cstdlib>

#include "x509/names.h"
#include "x509/path.h"

using namespace postern;
using namespace postern::x509;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

void check(const Certificate& certificate) {
  const auto again = Certificate::from_der(certificate.der());
  require(again && again->sha256() == certificate.sha256() && *again == certificate);
  const auto from_pem = parse_pem(certificate.pem());
  require(from_pem && from_pem->size() == 1 && from_pem->front() == certificate);
  require(!certificate.self_signed() || certificate.self_issued());
  (void)presented_names(certificate);
  (void)match_name(certificate, "mail.contoso.com", true);
  (void)match_name(certificate, "192.0.2.1", true);
  require(same_distinguished_name(certificate.subject(), certificate.subject()));
  const TrustSets sets = {
      std::make_shared<TrustSet>("fuzz", std::vector<Anchor>{{certificate, {}}})};
  require(sets.front()->find(certificate) != nullptr);
  const PathOptions options{.now = certificate.not_before()};
  require(find_path({certificate, certificate}, sets, {}, options).path.size() == 1);
  require(!find_path({certificate}, {}, {}, options).ok);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto certificate = Certificate::from_der(input)) check(*certificate);
  if (const auto certificates = parse_pem(input))
    for (const Certificate& certificate : *certificates) check(certificate);
  if (const auto name = parse_exchange_certificate_name(input)) {
    require(!name->issuer.empty() && !name->subject.empty());
    require(same_distinguished_name(name->issuer, name->issuer));
    (void)same_distinguished_name(name->issuer, name->subject);
  }
  (void)dns_name_matches(input, "mail.contoso.com");
  return 0;
}
