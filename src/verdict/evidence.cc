#include "verdict/evidence.h"

#include "verdict/enum_names.h"
#include "verdict/json_words.h"

namespace postern::verdict {
namespace {

using Status = DnsEvidence::Status;

constexpr EnumNames<Judged, 2> kJudged{{{
    {Judged::server, "server"},
    {Judged::client, "client"},
}}};
constexpr EnumNames<Stage, 8> kStages{{{
    {Stage::dns, "dns"},
    {Stage::connect, "connect"},
    {Stage::greeting, "greeting"},
    {Stage::ehlo, "ehlo"},
    {Stage::starttls, "starttls"},
    {Stage::handshake, "handshake"},
    {Stage::second_ehlo, "second-ehlo"},
    {Stage::done, "done"},
}}};
constexpr EnumNames<Stop, 9> kStops{{{
    {Stop::none, "none"},
    {Stop::refused, "refused"},
    {Stop::timeout, "timeout"},
    {Stop::reset, "reset"},
    {Stop::closed, "closed"},
    {Stop::unreachable, "unreachable"},
    {Stop::not_smtp, "not-smtp"},
    {Stop::rejected, "rejected"},
    {Stop::error, "error"},
}}};
constexpr EnumNames<Status, 7> kStatuses{{{
    {Status::not_asked, "not-asked"},
    {Status::secure, "secure"},
    {Status::insecure, "insecure"},
    {Status::bogus, "bogus"},
    {Status::failed, "failed"},
    {Status::no_such_name, "no-such-name"},
    {Status::no_data, "no-data"},
}}};

constexpr EnumNames<FetchKind, 4> kFetchKinds{{{
    {FetchKind::ocsp, "ocsp"},
    {FetchKind::crl, "crl"},
    {FetchKind::aia, "aia"},
    {FetchKind::mta_sts, "mta-sts"},
}}};

void bound_octets(std::vector<std::string>& list, std::size_t max) {
  std::erase_if(list, [max](const std::string& one) { return one.size() > max; });
}

}  // namespace

std::string_view to_string(Judged judged) {
  return kJudged.name(judged);
}
std::string_view to_string(Stage stage) {
  return kStages.name(stage);
}
std::string_view to_string(Stop stop) {
  return kStops.name(stop);
}
std::string_view to_string(Status status) {
  return kStatuses.name(status);
}

std::optional<Judged> parse_judged(std::string_view text) {
  return kJudged.value(text);
}
std::optional<Stage> parse_stage(std::string_view text) {
  return kStages.value(text);
}
std::optional<Stop> parse_stop(std::string_view text) {
  return kStops.value(text);
}
std::optional<Status> parse_dns_status(std::string_view text) {
  return kStatuses.value(text);
}

std::string_view to_string(FetchKind kind) {
  return kFetchKinds.name(kind);
}
std::optional<FetchKind> parse_fetch_kind(std::string_view text) {
  return kFetchKinds.value(text);
}

std::string Want::str() const {
  return std::string(to_string(kind)) + " " + url;
}

std::optional<Want> parse_want(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::optional<FetchKind> kind = parse_fetch_kind(text.substr(0, blank));
  if (!kind) return std::nullopt;
  Want want;
  want.kind = *kind;
  want.url = text.substr(blank + 1);
  return want;
}

Evidence for_storage(Evidence evidence) {
  bound_octets(evidence.crls_der, kMaxStoredCrlOctets);
  bound_octets(evidence.fetched.crls_der, kMaxStoredCrlOctets);
  bound_octets(evidence.fetched.ocsp_der, kMaxStoredOcspOctets);
  if (evidence.tls.ocsp_staple.size() > kMaxStoredOcspOctets) evidence.tls.ocsp_staple.clear();
  std::vector<x509::Certificate>& presented = evidence.tls.presented;
  std::size_t octets = 0;
  for (const x509::Certificate& one : presented) octets += one.der().size();
  if (octets > kMaxStoredChainOctets) presented.erase(presented.begin() + 1, presented.end());
  return evidence;
}

Evidence with_fetched_issuers(Evidence evidence) {
  std::vector<x509::Certificate>& presented = evidence.tls.presented;
  presented.insert(presented.end(), evidence.fetched.issuers.begin(),
                   evidence.fetched.issuers.end());
  return evidence;
}

}  // namespace postern::verdict
