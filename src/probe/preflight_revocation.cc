#include "probe/preflight_revocation.h"

#include <algorithm>

#include "observe/judgement.h"
#include "observe/wanted.h"
#include "probe/preflight_case.h"
#include "verdict/judge.h"

namespace postern::probe {
namespace {

using verdict::FetchKind;
using verdict::Want;

verdict::TlsPolicy asking_policy(const std::vector<x509::Certificate>& chain,
                                 x509::TrustSets public_roots, const verdict::Evidence& seen) {
  verdict::TlsPolicy out;
  out.level = verdict::Level::validate;
  out.revocation = verdict::Revocation::required;
  out.trust = std::move(public_roots);
  out.set_by = "preflight";
  const bool trusted = verdict::judge(seen, out, seen.time).anchor.has_value();
  if (trusted || chain.size() < 2) return out;
  std::vector<x509::Anchor> last{{chain.back(), {.set = "the file itself"}}};
  out.trust.push_back(std::make_shared<x509::TrustSet>("the file itself", std::move(last)));
  return out;
}

// What judging did not need to ask.
std::vector<Want> untried_lists(const std::vector<x509::Certificate>& chain,
                                const verdict::FetchedEvidence& fetched) {
  std::vector<Want> out;
  for (const x509::Certificate& one : chain) {
    if (one.self_signed()) continue;
    for (const std::string& url : one.crl_urls()) {
      const bool tried =
          std::ranges::any_of(fetched.fetches,
                              [&](const verdict::Fetch& fetch) {
                                return fetch.kind == FetchKind::crl && fetch.url == url;
                              }) ||
          std::ranges::find(out, url, &Want::url) != out.end();
      if (!tried && is_http(url) && out.size() < kMaxListsAsked)
        out.push_back({FetchKind::crl, url, one.sha256(), {}});
    }
  }
  return out;
}

}  // namespace

io::Task<verdict::FetchedEvidence> ask_revocation(fetch::Fetcher& fetcher, const Clock& clock,
                                                  std::vector<x509::Certificate> chain,
                                                  x509::TrustSets public_roots) {
  verdict::Evidence seen = presented_session(chain, verdict::Judged::server, clock.now());
  const verdict::TlsPolicy policy = asking_policy(chain, std::move(public_roots), seen);
  observe::Judging judging;
  judging.fetcher = &fetcher;
  judging.clock = &clock;
  (void)co_await observe::judge_and_fetch(judging, seen, policy);
  const std::vector<Want> lists = untried_lists(chain, seen.fetched);
  std::vector<fetch::Request> requests;
  for (const Want& want : lists) requests.push_back(observe::request_of(want));
  if (!requests.empty()) {
    const std::vector<fetch::Answer> answers =
        co_await fetcher.fetch(std::move(requests), kListLimit);
    for (std::size_t i = 0; i < std::min(lists.size(), answers.size()); ++i)
      observe::add_answer(seen.fetched, lists[i], answers[i]);
  }
  co_return std::move(seen.fetched);
}

}  // namespace postern::probe
