#include "probe/preflight_lookup.h"

namespace postern::probe {
namespace {

using Status = verdict::DnsEvidence::Status;

bool failed(Status status) {
  return status == Status::failed || status == Status::bogus;
}

class Lookup {
 public:
  Lookup(dns::Resolver& resolver, const Clock& clock)
      : resolver_(resolver), clock_(clock), end_(clock.now() + kLookupLimit) {}

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
    const std::string name = "_mta-sts." + out.domain;
    if (!in_time(out, "TXT of " + name)) co_return;
    const dns::RecordsAnswer answer = co_await resolver_.records(name, dns::RecordType::txt);
    if (failed(answer.status))
      out.problems.push_back("TXT of " + name + ": " + answer.detail + ".");
    const auto id = verdict::parse_sts_records(answer.records);
    if (!id) out.problems.push_back("TXT of " + name + ": " + id.error().detail() + ".");
    out.sts_announced = id && id->has_value();
  }

  dns::Resolver& resolver_;
  const Clock& clock_;
  const Time end_;
};

}  // namespace

io::Task<std::vector<Published>> look_up_published(dns::Resolver& resolver, const Clock& clock,
                                                   std::vector<std::string> domains) {
  Lookup lookup(resolver, clock);
  std::vector<Published> out;
  for (const std::string& name : domains) {
    if (out.size() == kMaxLookupDomains) break;
    Published one = co_await lookup.domain(name);
    out.push_back(std::move(one));
  }
  co_return out;
}

}  // namespace postern::probe
