// A verdict beside the bare X509_verify_cert over the same chain, in one run: the search, the rules
// and the memory of both, without and with the parsing of what a peer presents, and with a
// revocation list. bench/verdicts compares whole requests.
#include <algorithm>

#include <benchmark/benchmark.h>

#include "x509/openssl.h"
#include "x509/path.h"
#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace testing;  // the factory

const Time kNow = kDefaultNotBefore + std::chrono::hours(24 * 365);

// A root, `intermediates` below each other, a leaf.
struct Chain {
  explicit Chain(int intermediates) {
    Issued above = root;
    for (int i = 0; i < intermediates; ++i) {
      above = make_intermediate(above, "Intermediate " + std::to_string(i));
      presented.push_back(above.certificate);
    }
    presented.push_back(make_leaf(above, "mail.contoso.com").certificate);
    std::ranges::reverse(presented);
    sets = {std::make_shared<TrustSet>("bench", std::vector<Anchor>{{root.certificate, {}}})};
    store.reset(X509_STORE_new());
    X509_STORE_add_cert(store.get(), root.certificate.native());
  }

  Issued root = make_root("Root");
  std::vector<Certificate> presented;
  TrustSets sets;
  X509StorePtr store;
};

bool verify_bare(X509_STORE* store, X509* leaf, STACK_OF(X509) * others) {
  const X509StoreCtxPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store, leaf, others) != 1) return false;
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_time(param, std::chrono::system_clock::to_time_t(kNow));
  return X509_verify_cert(context.get()) == 1;
}

void postern_find_path(benchmark::State& state) {
  const Chain chain(static_cast<int>(state.range(0)));
  for (auto _ : state)
    if (!find_path(chain.presented, chain.sets, {}, {.now = kNow}).ok)
      return state.SkipWithError("refused");
}

void openssl_verify_cert(benchmark::State& state) {
  const Chain chain(static_cast<int>(state.range(0)));
  const BorrowedX509StackPtr others(sk_X509_new_null());
  for (std::size_t i = 1; i < chain.presented.size(); ++i)
    sk_X509_push(others.get(), chain.presented[i].native());
  for (auto _ : state)
    if (!verify_bare(chain.store.get(), chain.presented.front().native(), others.get()))
      return state.SkipWithError("refused");
}

void postern_parse_and_find_path(benchmark::State& state) {
  const Chain chain(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    std::vector<Certificate> presented;
    for (const Certificate& one : chain.presented)
      presented.push_back(*Certificate::from_der(one.der()));
    if (!find_path(presented, chain.sets, {}, {.now = kNow}).ok)
      return state.SkipWithError("refused");
  }
}

void openssl_parse_and_verify_cert(benchmark::State& state) {
  const Chain chain(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    const X509StackPtr presented(sk_X509_new_null());
    for (const Certificate& one : chain.presented) {
      const unsigned char* at = octets_of(one.der());
      sk_X509_push(presented.get(), d2i_X509(nullptr, &at, static_cast<long>(one.der().size())));
    }
    if (!verify_bare(chain.store.get(), sk_X509_value(presented.get(), 0), presented.get()))
      return state.SkipWithError("refused");
  }
}

// A leaf below a CA whose list has so many entries, read anew for each judgement as it came.
struct Listed {
  explicit Listed(int entries) {
    CrlSpec spec;
    for (int i = 0; i < entries; ++i) spec.revoked.push_back({other});
    data.crls_der = {make_crl(root, spec)};
  }

  Issued root = make_root("Root");
  Certificate leaf = make_leaf(root, "mail.contoso.com").certificate;
  Certificate other = make_leaf(root, "other.contoso.com").certificate;
  TrustSets sets = {
      std::make_shared<TrustSet>("bench", std::vector<Anchor>{{root.certificate, {}}})};
  RevocationData data;
};

void postern_find_path_with_list(benchmark::State& state) {
  const Listed listed(static_cast<int>(state.range(0)));
  const PathOptions options{.now = kNow, .check_revocation = true, .require_revocation = true};
  for (auto _ : state)
    if (!find_path({listed.leaf}, listed.sets, listed.data, options).ok)
      return state.SkipWithError("refused");
}

void openssl_verify_cert_with_list(benchmark::State& state) {
  const Listed listed(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    const std::string& der = listed.data.crls_der.front();
    const unsigned char* at = octets_of(der);
    const X509CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
    const X509StorePtr store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), listed.root.certificate.native());
    X509_STORE_add_crl(store.get(), crl.get());
    X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK);
    if (!verify_bare(store.get(), listed.leaf.native(), nullptr))
      return state.SkipWithError("refused");
  }
}

BENCHMARK(postern_find_path_with_list)->Arg(100)->Arg(100'000);
BENCHMARK(openssl_verify_cert_with_list)->Arg(100)->Arg(100'000);
BENCHMARK(postern_find_path)->Arg(1)->Arg(3);
BENCHMARK(openssl_verify_cert)->Arg(1)->Arg(3);
BENCHMARK(postern_parse_and_find_path)->Arg(1)->Arg(3);
BENCHMARK(openssl_parse_and_verify_cert)->Arg(1)->Arg(3);

}  // namespace
}  // namespace postern::x509
