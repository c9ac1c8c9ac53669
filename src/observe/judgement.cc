#include "observe/judgement.h"

#include <algorithm>
#include <chrono>

#include "observe/wanted.h"
#include "verdict/judge.h"

namespace postern::observe {
namespace {

using verdict::Verdict;
using verdict::Want;

std::size_t crl_octets(const verdict::Evidence& evidence) {
  std::size_t octets = 0;
  for (const auto* list : {&evidence.crls_der, &evidence.fetched.crls_der})
    for (const std::string& crl : *list) octets += crl.size();
  return octets;
}

io::Task<Verdict> judge_once(const Judging& judging, const verdict::Evidence& evidence,
                             const verdict::TlsPolicy& policy) {
  const Time now = judging.clock->now();
  if (judging.runtime == nullptr || crl_octets(evidence) <= kMaxOctetsJudgedOnLoop)
    co_return verdict::judge(evidence, policy, now);
  // Both outlive the work: this coroutine, which holds them, waits for it.
  auto work = [seen = &evidence, asked = &policy, now] {
    return verdict::judge(*seen, *asked, now);
  };
  co_return co_await io::run_blocking(*judging.runtime, work);
}

// What the peer's chain with the fetched issuers would want: the next issuer up.
void add_issuer_wants(std::vector<Want>& wants, const verdict::Evidence& evidence,
                      const verdict::TlsPolicy& policy, Time now) {
  if (evidence.fetched.issuers.empty()) return;
  const Verdict completed = verdict::judge(verdict::with_fetched_issuers(evidence), policy, now);
  for (const Want& want : completed.wants)
    if (want.kind == verdict::FetchKind::aia) wants.push_back(want);
}

}  // namespace

io::Task<Verdict> judge_and_fetch(Judging judging, verdict::Evidence& evidence,
                                  const verdict::TlsPolicy& policy) {
  Verdict verdict = co_await judge_once(judging, evidence, policy);
  if (judging.fetcher == nullptr) co_return verdict;
  const Time deadline = judging.clock->now() + std::min(judging.limit, kFetchTimeLimit);
  for (int round = 0; round < kMaxFetchRounds; ++round) {
    std::vector<Want> wants = verdict.wants;
    if (judging.fetch_issuers) add_issuer_wants(wants, evidence, policy, judging.clock->now());
    const std::vector<Want> next = next_wants(wants, evidence.fetched, judging.fetch_issuers);
    const Duration left = deadline - judging.clock->now();
    if (next.empty() || left <= Duration::zero()) break;
    std::vector<fetch::Request> requests;
    for (const Want& want : next) requests.push_back(request_of(want));
    const Duration limit = std::min(left, kFetchRoundLimit);
    const std::vector<fetch::Answer> answers =
        co_await judging.fetcher->fetch(std::move(requests), limit);
    for (std::size_t i = 0; i < std::min(next.size(), answers.size()); ++i)
      add_answer(evidence.fetched, next[i], answers[i]);
    verdict = co_await judge_once(judging, evidence, policy);
    for (const Want& want : settled_nothing(next, answers, verdict.wants))
      judging.fetcher->settled_nothing(request_of(want));
  }
  co_return verdict;
}

}  // namespace postern::observe
