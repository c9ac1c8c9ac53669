#include "probe/sts.h"

namespace postern::probe {

std::string sts_policy_url(const std::string& domain) {
  return "https://mta-sts." + domain + "/.well-known/mta-sts.txt";
}

io::Task<StsFacts> look_up_sts(dns::Resolver& resolver, fetch::Fetcher* fetcher, std::string domain,
                               Duration fetch_limit) {
  StsFacts out;
  const std::string name = "_mta-sts." + domain;
  const dns::RecordsAnswer answer = co_await resolver.records(name, dns::RecordType::txt);
  out.status = answer.status;
  const auto id = verdict::parse_sts_records(answer.records);
  if (!id) {
    out.problem = "the TXT record of " + name + ": " + id.error().detail();
    out.problem_at = name;
    co_return out;
  }
  if (!id->has_value()) co_return out;
  out.id = **id;
  if (fetcher == nullptr) co_return out;
  const std::string url = sts_policy_url(domain);
  std::vector<fetch::Request> requests{{verdict::FetchKind::mta_sts, url, {}}};
  const std::vector<fetch::Answer> answers =
      co_await fetcher->fetch(std::move(requests), fetch_limit);
  const fetch::Answer& got = answers.front();
  Result<verdict::StsPolicy> policy =
      got.ok() ? verdict::parse_sts_policy(*got.body) : invalid(got.error);
  if (policy) {
    out.policy = std::move(*policy);
  } else {
    out.problem = "the policy that " + name + " announces, " + url + ": " + policy.error().detail();
    out.problem_at = "mta-sts." + domain;
  }
  co_return out;
}

verdict::TlsPolicy sts_sender_policy(const std::string& host, x509::TrustSets trust) {
  verdict::TlsPolicy out;
  out.level = verdict::Level::authenticate;
  out.reference = {{host, "MX host, by MTA-STS"}};
  out.trust = std::move(trust);
  out.revocation = verdict::Revocation::off;  // RFC 8461 asks for none
  out.set_by = "MTA-STS";
  return out;
}

}  // namespace postern::probe
