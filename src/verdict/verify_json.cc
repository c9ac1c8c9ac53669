#include "verdict/verify_json.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "base/json.h"
#include "base/text.h"
#include "mail/idna.h"
#include "verdict/verify.h"

namespace postern::verdict {
namespace {

constexpr std::size_t kMaxKnownOctets = 8 << 20;  // PEM text of the certificates that are kept
constexpr std::size_t kMaxVerifyNames = 1000;
constexpr std::size_t kMaxVerifyCrls = 1000, kMaxVerifyCrlOctets = 8 << 20;
constexpr std::string_view kAnchorSet = "trust_anchors";

// RFC 5280 s4.2.1.3, in the order of its bits; the second name of bit 1 is X.509's.
constexpr std::array<std::string_view, 9> kUsages = {
    "digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",      "cRLSign",           "encipherOnly",    "decipherOnly"};

std::string answer_line(const Json& id, const VerifyAnswer& answer) {
  Json out = Json::object();
  out["id"] = id;
  out.update(to_json(answer));
  return dump_json(out);
}

VerifyAnswer refused(std::string code, std::string detail) {
  return {.ok = false, .code = std::move(code), .detail = std::move(detail)};
}

}  // namespace

Json to_json(const VerifyAnswer& answer) {
  Json out = Json::object();
  out["ok"] = answer.ok;
  out["code"] = answer.code;
  if (!answer.detail.empty()) out["detail"] = answer.detail;
  if (answer.depth) out["depth"] = *answer.depth;
  if (!answer.path.path.empty()) {
    Json& chain = out["chain"] = Json::array();
    for (const x509::Certificate& one : answer.path.path) chain.push_back(lower(one.sha256()));
  }
  return out;
}

namespace {

// ---- members of a request: every one but key_usage must be there -------------------------------

std::unexpected<Error> wrong(std::string_view name, std::string_view why) {
  return invalid(std::string(name) + " " + std::string(why));
}

Result<const Json*> member(const Json& request, std::string_view name) {
  const auto at = request.find(name);
  if (at == request.end()) return wrong(name, "is missing");
  return &*at;
}

Result<std::string> read_word(const Json& request, std::string_view name) {
  TRY(const Json* value, member(request, name));
  if (!value->is_string()) return wrong(name, "is not a string");
  return value->get_ref<const std::string&>();
}

Result<const Json*> read_list(const Json& request, std::string_view name) {
  TRY(const Json* value, member(request, name));
  const bool strings = value->is_array() &&
                       std::ranges::all_of(*value, [](const Json& one) { return one.is_string(); });
  if (!strings) return wrong(name, "is not a list of strings");
  return value;
}

Result<void> read_purpose(const Json& request, x509::PathOptions& out) {
  TRY(const std::string word, read_word(request, "purpose"));
  if (word != "smtp-server" && word != "smtp-client")
    return wrong("purpose", "is neither smtp-server nor smtp-client");
  out.purpose = word == "smtp-server" ? x509::Purpose::tls_server : x509::Purpose::tls_client;
  return {};
}

Result<void> read_profile(const Json& request, x509::PathOptions& out) {
  TRY(const std::string word, read_word(request, "profile"));
  if (word != "strict" && word != "lenient")
    return wrong("profile", "is neither strict nor lenient");
  out.profile = word == "strict" ? x509::Profile::strict : x509::Profile::lenient;
  return {};
}

Result<void> read_time(const Json& request, Time now, x509::PathOptions& out) {
  TRY(const Json* value, member(request, "time"));
  out.now = now;
  if (value->is_null()) return {};
  if (!value->is_string()) return wrong("time", "is neither null nor a time");
  const Result<Time> time = parse_rfc3339(value->get_ref<const std::string&>());
  if (!time) return wrong("time", "is not a time of RFC 3339");
  out.now = *time;
  out.revocation_slack = {};  // a time that is given is no clock's
  return {};
}

Result<void> read_max_path_length(const Json& request, x509::PathOptions& out) {
  TRY(const Json* value, member(request, "max_path_length"));
  if (value->is_null()) return {};
  if (!value->is_number_unsigned()) return wrong("max_path_length", "is neither null nor a count");
  out.max_path_length = value->get<std::size_t>();
  return {};
}

Result<void> read_key_usage(const Json& request, x509::PathOptions& out) {
  if (!request.contains("key_usage") || request["key_usage"].is_null()) return {};
  TRY(const Json* list, read_list(request, "key_usage"));
  for (const Json& one : *list) {
    std::string_view word = one.get_ref<const std::string&>();
    if (iequals(word, "nonRepudiation")) word = kUsages[1];
    const auto at =
        std::ranges::find_if(kUsages, [&](std::string_view usage) { return iequals(usage, word); });
    if (at == kUsages.end()) return wrong("key_usage", "has a word that is no key usage");
    out.key_usage |= 1U << (at - kUsages.begin());
  }
  return {};
}

Result<x509::ReferenceName> read_name(const Json& json) {
  if (!json.is_object()) return wrong("names", "is not a list of objects");
  TRY(const std::string kind, read_word(json, "kind"));
  TRY(const std::string value, read_word(json, "value"));
  if (kind == "dns") return reference_name(x509::NameKind::dns, value);
  if (kind == "ip") return reference_name(x509::NameKind::ip, value);
  if (kind == "email") return reference_name(x509::NameKind::email, value);
  return wrong("names", "has a kind other than dns, ip and email");
}

Result<void> read_names(const Json& request, VerifyRequest& out) {
  TRY(const Json* list, member(request, "names"));
  if (!list->is_array() || list->size() > kMaxVerifyNames)
    return wrong("names", "is not a list of at most " + std::to_string(kMaxVerifyNames));
  for (const Json& one : *list) {
    TRY(x509::ReferenceName name, read_name(one));
    out.names.push_back(std::move(name));
  }
  return {};
}

Result<void> read_settings(const Json& request, Time now, VerifyRequest& out) {
  TRY_VOID(read_purpose(request, out.options));
  TRY_VOID(read_profile(request, out.options));
  TRY_VOID(read_time(request, now, out.options));
  TRY_VOID(read_max_path_length(request, out.options));
  TRY_VOID(read_key_usage(request, out.options));
  return read_names(request, out);
}

// ---- limits ------------------------------------------------------------------------------------

// Why the list is not read at all; empty: it is. Repeats do not count.
std::string list_objection(const Json& list, std::string_view name, std::size_t max_count,
                           std::size_t max_octets) {
  std::unordered_set<std::string_view> seen;
  std::size_t octets = 0;
  for (const Json& one : list) {
    const std::string& text = one.get_ref<const std::string&>();
    if (seen.insert(text).second) octets += text.size();
  }
  if (seen.size() > max_count)
    return std::string(name) + " has " + std::to_string(seen.size()) + " different members; " +
           std::to_string(max_count) + " are looked at";
  if (octets > max_octets)
    return std::string(name) + " has " + std::to_string(octets) + " octets; " +
           std::to_string(max_octets) + " are looked at";
  return "";
}

}  // namespace

Result<x509::Certificate> VerifyLines::certificate(const std::string& pem) {
  if (const auto known = known_.find(pem); known != known_.end()) return known->second;
  TRY(std::vector<x509::Certificate> found, x509::parse_pem(pem));
  if (known_octets_ + pem.size() > kMaxKnownOctets) {
    known_.clear();
    known_octets_ = 0;
  }
  known_octets_ += pem.size();
  return known_.emplace(pem, std::move(found.front())).first->second;
}

// Those that can be read, each once. What is broken among them helps nobody and harms nobody.
std::vector<x509::Certificate> VerifyLines::certificates(const Json& list) {
  std::unordered_set<std::string_view> seen;
  std::vector<x509::Certificate> out;
  for (const Json& one : list) {
    const std::string& pem = one.get_ref<const std::string&>();
    if (!seen.insert(pem).second) continue;
    if (Result<x509::Certificate> read = certificate(pem)) out.push_back(std::move(*read));
  }
  return out;
}

Result<VerifyAnswer> VerifyLines::judge_request(Json json, Time now) {
  VerifyRequest request;
  TRY(const Json* chain, read_list(json, "peer_chain"));
  TRY(const Json* anchors, read_list(json, "trust_anchors"));
  TRY(const Json* crls, read_list(json, "crls"));
  TRY_VOID(read_settings(json, now, request));
  if (chain->empty()) return wrong("peer_chain", "is empty; the leaf stands first in it");

  // As PEM, a certificate is a third longer; twice the octets leaves room for text around it.
  std::string objection = list_objection(*chain, "peer_chain", x509::kMaxPresentedCertificates,
                                         2 * x509::kMaxPresentedOctets);
  if (objection.empty())
    objection =
        list_objection(*anchors, "trust_anchors", x509::kMaxPemCertificates, kMaxVerifyLineOctets);
  if (objection.empty())
    objection = list_objection(*crls, "crls", kMaxVerifyCrls, kMaxVerifyCrlOctets);
  if (!objection.empty()) return refused("limit", std::move(objection));

  const Result<x509::Certificate> leaf = certificate(chain->front().get_ref<const std::string&>());
  if (!leaf) return refused("malformed-certificate", "the leaf: " + leaf.error().detail());
  request.presented = certificates(*chain);
  std::vector<x509::Anchor> trusted;
  for (x509::Certificate& one : certificates(*anchors))
    trusted.push_back({std::move(one), {.set = std::string(kAnchorSet)}});
  request.trust = {std::make_shared<x509::TrustSet>(std::string(kAnchorSet), std::move(trusted))};
  for (const Json& one : *crls)
    if (Result<std::vector<std::string>> read = x509::parse_crls(one.get_ref<const std::string&>()))
      std::ranges::move(*read, std::back_inserter(request.revocation.crls_der));
  request.options.check_revocation = request.options.require_revocation = !crls->empty();
  json = nullptr;  // long lists are not held twice
  return verify(std::move(request));
}

std::string VerifyLines::answer(LineSplitter::Line line, Time now) {
  if (line.too_long)
    return answer_line(line.id ? Json(*line.id) : Json(),
                       refused("limit", "the line is longer than " +
                                            std::to_string(kMaxVerifyLineOctets) + " octets"));
  Result<Json> json = parse_json(line.text);
  line.text = {};  // a long one is not held twice
  if (!json) return answer_line(nullptr, refused("bad-request", json.error().detail()));
  if (!json->is_object())
    return answer_line(nullptr, refused("bad-request", "the line is no JSON object"));
  const auto id = json->find("id");
  if (id == json->end() || !id->is_string())
    return answer_line(nullptr, refused("bad-request", "id is missing or not a string"));
  const Json echoed = *id;
  Result<VerifyAnswer> answer = judge_request(std::move(*json), now);
  return answer_line(echoed, answer ? *answer : refused("bad-request", answer.error().detail()));
}

}  // namespace postern::verdict
