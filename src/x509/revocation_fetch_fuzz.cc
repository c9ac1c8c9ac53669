// What a server sends in answer to a fetch is read without trust in it.
#include <cstdint>
#include <cstdlib>

#include "x509/revocation_fetch.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  (void)x509::crl_times(input);
  (void)x509::ocsp_times(input);
  const Result<std::vector<x509::Certificate>> issuers = x509::parse_issuers(input);
  if (issuers && (issuers->empty() || issuers->size() > x509::kMaxFetchedIssuers)) std::abort();
  return 0;
}
