#include "explain/dialects/tls_report.h"

#include <array>

#include "base/json.h"
#include "base/text.h"
#include "verdict/mta_sts.h"

namespace postern::explain {
namespace {

constexpr std::string_view kName = "TLS-RPT";
constexpr std::size_t kMaxDetails = 10'000;

struct ResultType {
  std::string_view name;
  Fact fact;
};
constexpr std::array<ResultType, 11> kTypes{{{"starttls-not-supported", Fact::not_offered},
                                             {"certificate-host-mismatch", Fact::name_mismatch},
                                             {"certificate-expired", Fact::expired},
                                             {"certificate-not-trusted", Fact::untrusted},
                                             {"validation-failure", Fact::verification_failed},
                                             {"tlsa-invalid", Fact::tlsa_mismatch},
                                             {"dnssec-invalid", Fact::dns_bogus},
                                             {"dane-required", Fact::dane_missing},
                                             {"sts-policy-fetch-error", Fact::sts_fetch_failed},
                                             {"sts-policy-invalid", Fact::sts_fetch_failed},
                                             {"sts-webpki-invalid", Fact::sts_fetch_failed}}};

const Json& member(const Json& object, const char* name) {
  static const Json kNothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : kNothing;
}
std::string text_at(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_string() ? printable(value.get<std::string>(), 300) : std::string();
}
std::uint64_t count_at(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

// The MX patterns of the policy as the report quotes it.
verdict::StsPolicy policy_of(const Json& policy) {
  verdict::StsPolicy out;
  const Json& hosts = member(policy, "mx-host");
  if (hosts.is_string()) out.mx.push_back(lower(hosts.get<std::string>()));
  for (const Json& host : hosts) {
    if (host.is_string()) out.mx.push_back(lower(host.get<std::string>()));
  }
  for (const Json& line : member(policy, "policy-string")) {
    if (!line.is_string()) continue;
    const std::string& text = line.get_ref<const std::string&>();
    if (text.starts_with("mx:")) out.mx.push_back(lower(trim(std::string_view(text).substr(3))));
  }
  return out;
}

class TlsReport final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return kName; }
  [[nodiscard]] std::span<const std::string_view> wakes() const override {
    static constexpr std::array<std::string_view, 2> kWakes{"\"policy type\"",
                                                            "\"failure details\""};
    return kWakes;
  }
  void read(const Line& line, const Observed&) override {
    if (line_ == 0) line_ = line.number;
  }
  [[nodiscard]] bool wants_whole() const override { return line_ != 0; }
  void read_whole(const std::string& source, std::string_view octets,
                  const Observed& observed) override;
  void end_of_source(const Observed&) override { line_ = 0; }

 private:
  void tell(const std::string& source, const Observed& observed, Observation o,
            std::string text) const {
    Line line;
    line.source = &source;
    line.number = line_;
    o.dialect = kName;
    o.span = {source, line_, printable(text, 400)};
    observed(line, std::move(o));
  }
  void read_policy(const std::string& source, const Json& entry, const Observed& observed) const;

  std::uint64_t line_ = 0;
};

void TlsReport::read_policy(const std::string& source, const Json& entry,
                            const Observed& observed) const {
  const Json& policy = member(entry, "policy");
  const std::string domain = text_at(policy, "policy-domain");
  const bool sts = text_at(policy, "policy-type") == "sts";
  if (const std::uint64_t good =
          count_at(member(entry, "summary"), "total-successful-session-count");
      good > 0) {
    Observation o;
    o.fact = Fact::tls_used;
    o.counterpart = domain;
    o.weight = good;
    tell(source, observed, std::move(o),
         domain + ": " + std::to_string(good) + " sessions went well");
  }
  std::size_t told = 0;
  for (const Json& detail : member(entry, "failure-details")) {
    if (++told > kMaxDetails) break;
    const std::string type = text_at(detail, "result-type");
    const std::string mx = text_at(detail, "receiving-mx-hostname");
    Observation o;
    o.fact = Fact::verification_failed;
    for (const ResultType& known : kTypes) {
      if (type == known.name) o.fact = known.fact;
    }
    const verdict::StsPolicy listed = policy_of(policy);
    const bool unlisted =
        sts && !mx.empty() && !listed.mx.empty() && !verdict::lists_mx(listed, mx);
    if (unlisted && (type == "validation-failure" || type == "certificate-host-mismatch"))
      o.fact = Fact::sts_mx_mismatch;
    o.counterpart = mx.empty() ? domain : mx;
    o.said_by = Side::client;
    o.weight = std::max<std::uint64_t>(1, count_at(detail, "failed-session-count"));
    if (o.fact == Fact::name_mismatch) o.wanted = mx;
    const std::string reason = text_at(detail, "failure-reason-code");
    tell(source, observed, std::move(o),
         domain + ": " + type + (mx.empty() ? "" : " at " + mx) +
             (unlisted ? ", which the policy does not list" : "") +
             (reason.empty() ? "" : ", " + reason));
  }
}

void TlsReport::read_whole(const std::string& source, std::string_view octets,
                           const Observed& observed) {
  // A mail's or a paste's words may stand around the report.
  const std::size_t start = octets.find('{'), end = octets.rfind('}');
  if (start == std::string_view::npos || end == std::string_view::npos || end < start) return;
  const Result<Json> report = parse_json(octets.substr(start, end - start + 1));
  if (!report) return;
  const Json& policies = member(*report, "policies");
  for (const Json& entry : policies) read_policy(source, entry, observed);
}

}  // namespace

std::unique_ptr<Dialect> make_tls_report() {
  return std::make_unique<TlsReport>();
}

}  // namespace postern::explain
