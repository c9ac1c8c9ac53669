#include "probe/preflight_lookup.h"

#include "probe/sts.h"

namespace postern::probe {
namespace {

using Status = verdict::DnsEvidence::Status;

bool failed(Status status) {
  return status == Status::failed || status == Status::bogus;
}

class Lookup {
 public:
  Lookup(dns::Resolver& resolver, fetch::Fetcher* fetcher, const Clock& clock)
      : resolver_(resolver), fetcher_(fetcher), clock_(clock), end_(clock.now() + kLookupLimit) {}

  io::Task<Published> domain(std::string name) {
    Published out;
    out.domain = name;
    const dns::MxAnswer mx = co_await resolver_.mx(name);
    if (failed(mx.status))
      out.problems.push_back("The MX records of " + name + ": " + mx.detail + ".");
    for (const dns::MxRecord& record : mx.records) {
      if (out.mx.size() == kMaxLookupHosts) break;
      out.mx.push_back({record.host, {}, false});
    }
    for (PublishedHost& host : out.mx) co_await tlsa(host, out);
    co_await sts(out);
    co_return out;
  }

 private:
  bool in_time(Published& out, const std::string& what) {
    if (clock_.now() < end_) return true;
    out.problems.push_back(what + " was not looked up: the time was over.");
    return false;
  }

  io::Task<void> tlsa(PublishedHost& host, Published& out) {
    const std::string name = "_25._tcp." + host.host;
    if (!in_time(out, "TLSA of " + name)) co_return;
    const dns::RecordsAnswer answer = co_await resolver_.records(name, dns::RecordType::tlsa);
    if (failed(answer.status))
      out.problems.push_back("TLSA of " + name + ": " + answer.detail + ".");
    host.secure = answer.status == Status::secure;
    for (const std::string& rdata : answer.records) {
      if (const auto record = verdict::decode_tlsa(rdata)) host.tlsa.push_back(*record);
    }
  }

  io::Task<void> sts(Published& out) {
    if (!in_time(out, "MTA-STS of " + out.domain)) co_return;
    const StsFacts facts = co_await look_up_sts(resolver_, fetcher_, out.domain, kPolicyLimit);
    if (failed(facts.status))
      out.problems.push_back("The TXT record of _mta-sts." + out.domain + " cannot be had.");
    if (!facts.problem.empty()) out.sts_problem = facts.problem;
    out.sts_announced = !facts.id.empty();
    out.sts = facts.policy;
  }

  dns::Resolver& resolver_;
  fetch::Fetcher* const fetcher_;
  const Clock& clock_;
  const Time end_;
};

}  // namespace

io::Task<std::vector<Published>> look_up_published(dns::Resolver& resolver, fetch::Fetcher* fetcher,
                                                   const Clock& clock,
                                                   std::vector<std::string> domains) {
  Lookup lookup(resolver, fetcher, clock);
  std::vector<Published> out;
  for (const std::string& name : domains) {
    if (out.size() == kMaxLookupDomains) break;
    Published one = co_await lookup.domain(name);
    out.push_back(std::move(one));
  }
  co_return out;
}

}  // namespace postern::probe
