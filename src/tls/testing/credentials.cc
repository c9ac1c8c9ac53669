#include "tls/testing/credentials.h"

#include <openssl/evp.h>

#include "base/check.h"
#include "x509/openssl.h"

namespace postern::tls::testing {

std::shared_ptr<const Credential> make_credential(const x509::testing::Issued& leaf,
                                                  const std::vector<x509::Certificate>& above) {
  auto credential = std::make_shared<Credential>();
  credential->facts.name = leaf.certificate.subject();
  credential->facts.chain.push_back(leaf.certificate);
  credential->facts.chain.insert(credential->facts.chain.end(), above.begin(), above.end());
  credential->facts.key_usable = true;
  POSTERN_CHECK(EVP_PKEY_up_ref(leaf.key.native()) == 1, "a key of the factory");
  credential->key = x509::PkeyPtr(leaf.key.native());
  return credential;
}

std::shared_ptr<const ServerContext> make_server_context(
    std::shared_ptr<const Credential> credential, bool request_client_certificate) {
  ServerSettings settings;
  settings.select = [credential](std::string_view) { return credential; };
  settings.request_client_certificate = request_client_certificate;
  auto context = ServerContext::create(std::move(settings));
  POSTERN_CHECK(context.has_value(), "a server context of a test");
  return *context;
}

}  // namespace postern::tls::testing
