// CRLs and OCSP responses: no octets but the issuer's own make a certificate good or revoked.
#include <cstdint>
#include <cstdlib>

#include "x509/revocation.h"
#include "x509/testing/factory.h"

using namespace postern;
using namespace postern::x509;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const testing::Issued root = testing::make_root("Root");
  static const testing::Issued leaf = testing::make_leaf(root, "mail.contoso.com");
  const std::string input(reinterpret_cast<const char*>(data), size);
  const Time now = testing::kDefaultNotBefore + std::chrono::hours(24);
  RevocationData revocation{{input}, {input}};
  if (const auto crls = parse_crls(input))
    revocation.crls_der.insert(revocation.crls_der.end(), crls->begin(), crls->end());
  const RevocationStatus status =
      revocation_status(leaf.certificate, root.certificate, revocation, now);
  if (status.state != RevocationState::unknown || status.detail.empty()) std::abort();
  return 0;
}
