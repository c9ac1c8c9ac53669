// The same requests as `postern verify --jsonl`, answered by OpenSSL's X509_verify_cert and nothing
// else: what a verdict costs at least. "id ok|failed" a line; no search, no profile, no revocation.
#include <cstdio>
#include <iostream>
#include <string>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/json.h"
#include "x509/openssl.h"

namespace {

using namespace postern;
using namespace postern::x509;

X509StackPtr read_all(const Json& list) {
  X509StackPtr out(sk_X509_new_null());
  for (const Json& one : list) {
    const std::string& text = one.get_ref<const std::string&>();
    const BioPtr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    X509* certificate = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr);
    if (certificate != nullptr) sk_X509_push(out.get(), certificate);
  }
  (void)take_openssl_error();
  return out;
}

void ask_for_name(X509_VERIFY_PARAM* param, const Json& names) {
  for (const Json& name : names) {
    const std::string value = name["value"];
    if (name["kind"] == "dns") X509_VERIFY_PARAM_add1_host(param, value.data(), value.size());
    if (name["kind"] == "ip") X509_VERIFY_PARAM_set1_ip_asc(param, value.c_str());
    if (name["kind"] == "email") X509_VERIFY_PARAM_set1_email(param, value.data(), value.size());
  }
}

bool verify(const Json& request) {
  const X509StackPtr chain = read_all(request["peer_chain"]);
  const X509StackPtr anchors = read_all(request["trust_anchors"]);
  if (sk_X509_num(chain.get()) == 0) return false;
  const X509StorePtr store(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(anchors.get()); ++i)
    X509_STORE_add_cert(store.get(), sk_X509_value(anchors.get(), i));
  const X509StoreCtxPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), sk_X509_value(chain.get(), 0), chain.get()) !=
      1)
    return false;
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(param, request["purpose"] == "smtp-server"
                                           ? X509_PURPOSE_SSL_SERVER
                                           : X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  if (request["time"].is_string())
    if (const auto time = parse_rfc3339(request["time"].get<std::string>()))
      X509_VERIFY_PARAM_set_time(param, std::chrono::system_clock::to_time_t(*time));
  ask_for_name(param, request["names"]);
  const bool ok = X509_verify_cert(context.get()) == 1;
  (void)take_openssl_error();
  return ok;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto request = parse_json(line);
    if (!request) return 1;
    std::printf("%s %s\n", (*request)["id"].get<std::string>().c_str(),
                verify(*request) ? "ok" : "failed");
  }
  return 0;
}
