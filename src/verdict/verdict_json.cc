#include "base/json.h"
#include "base/text.h"
#include "verdict/json_reader.h"
#include "verdict/json_words.h"
#include "verdict/verdict.h"

namespace postern::verdict {
namespace {

// Far above what judge makes; only bounds what is read back.
constexpr std::size_t kMaxListed = 1000;

Json checks_json(const std::vector<Check>& checks) {
  Json out = Json::array();
  for (const Check& check : checks) {
    out.push_back({{"name", check.name},
                   {"result", to_string(check.result)},
                   {"code", check.code},
                   {"detail", check.detail}});
  }
  return out;
}

Json anchor_json(const std::optional<TrustedBy>& anchor) {
  if (!anchor) return nullptr;
  return {{"subject", anchor->subject},
          {"sha256", anchor->sha256},
          {"set", anchor->set},
          {"file", anchor->file},
          {"added_by", anchor->added_by},
          {"partner", anchor->partner},
          {"added", format_rfc3339(anchor->added)}};
}

Json wants_json(const std::vector<Want>& wants) {
  Json out = Json::array();
  for (const Want& want : wants) out.push_back(printable(want.str()));
  return out;
}

Result<Check> read_check(const JsonReader& in) {
  Check out;
  TRY_VOID(in.read("name", out.name));
  TRY_VOID(in.read("result", out.result, parse_check_result));
  TRY_VOID(in.read("code", out.code));
  TRY_VOID(in.read("detail", out.detail));
  return out;
}

Result<TrustedBy> read_anchor(const JsonReader& in) {
  TrustedBy out;
  TRY_VOID(in.read("subject", out.subject));
  TRY_VOID(in.read("sha256", out.sha256));
  TRY_VOID(in.read("set", out.set));
  TRY_VOID(in.read("file", out.file));
  TRY_VOID(in.read("added_by", out.added_by));
  TRY_VOID(in.read("partner", out.partner));
  TRY_VOID(in.read("added", out.added));
  return out;
}

Result<void> read_answer(const JsonReader& in, Verdict& out) {
  TRY_VOID(in.read("ok", out.ok));
  TRY_VOID(in.read("code", out.code));
  TRY_VOID(in.read("layer", out.layer));
  TRY_VOID(in.read("fault", out.fault, parse_fault));
  TRY_VOID(in.read("ours", out.ours));
  TRY_VOID(in.read("certainty", out.certainty, parse_certainty));
  TRY_VOID(in.read("reference_identifier", out.reference_identifier));
  TRY_VOID(in.read_parts("checks", out.checks, kMaxListed, read_check));
  TRY_VOID(in.read("cause", out.cause));
  return in.read("cure", out.cure, kMaxListed);
}

Result<void> read_facts(const JsonReader& in, Verdict& out) {
  TRY_VOID(in.read("asked", out.asked, parse_level));
  TRY_VOID(in.read("reached", out.reached, parse_assurance));
  TRY_VOID(in.read("asked_by", out.asked_by));
  TRY_VOID(in.read("tls_version", out.tls_version));
  TRY_VOID(in.read("cipher", out.cipher));
  TRY_VOID(in.read("chain_sha256", out.chain_sha256, kMaxListed));
  TRY_VOID(in.read_part("anchor", out.anchor, read_anchor));
  TRY_VOID(in.read("by_exception", out.by_exception));
  TRY_VOID(in.read("evidence", out.evidence, kMaxListed));
  TRY_VOID(in.read_words("wants", out.wants, kMaxListed, parse_want, "kind and URL"));
  TRY_VOID(in.read("host", out.host));
  TRY_VOID(in.read("address", out.address));
  return in.read("time", out.time);
}

}  // namespace

Json to_json(const Verdict& v) {
  return {{"id", v.id ? Json(v.id.str()) : Json(nullptr)},
          {"ok", v.ok},
          {"code", v.code},
          {"layer", v.layer},
          {"fault", to_string(v.fault)},
          {"ours", v.ours ? Json(*v.ours) : Json(nullptr)},
          {"certainty", to_string(v.certainty)},
          {"reference_identifier", v.reference_identifier},
          {"checks", checks_json(v.checks)},
          {"cause", v.cause},
          {"cure", v.cure},
          {"asked", to_string(v.asked)},
          {"reached", to_string(v.reached)},
          {"asked_by", v.asked_by},
          {"tls_version", v.tls_version},
          {"cipher", v.cipher},
          {"chain_sha256", v.chain_sha256},
          {"anchor", anchor_json(v.anchor)},
          {"by_exception", v.by_exception},
          {"evidence", v.evidence},
          {"wants", wants_json(v.wants)},
          {"host", v.host},
          {"address", v.address},
          {"time", format_rfc3339(v.time)}};
}

Result<Verdict> verdict_from_json(const Json& json) {
  TRY(const JsonReader in, JsonReader::of(json, "verdict"));
  Verdict out;
  std::string id;
  TRY_VOID(in.read("id", id));
  if (!id.empty()) {
    const std::optional<VerdictId> parsed = VerdictId::parse(id);
    if (!parsed) return in.wrong("id", "is no id");
    out.id = *parsed;
  }
  TRY_VOID(read_answer(in, out));
  TRY_VOID(read_facts(in, out));
  return out;
}

}  // namespace postern::verdict
