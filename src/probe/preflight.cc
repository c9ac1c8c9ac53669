#include "probe/preflight.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "probe/preflight_case.h"

namespace postern::probe {
namespace {

std::vector<std::string> leaf_codes() {
  return {"expired",
          "not-yet-valid",
          "weak-key-or-hash",
          "wrong-key-usage",
          "name-mismatch",
          "self-signed",
          "untrusted-root",
          "key-certificate-mismatch",
          "chain-constraint",
          "bad-signature",
          "revoked",
          "certificate-missing-for-fqdn",
          "mta-sts-mx-mismatch"};
}

// Does something stand in the way that only another certificate can cure?
bool needs_another(const PreflightReport& report) {
  const std::vector<std::string> codes = leaf_codes();
  return std::ranges::any_of(report.findings, [&](const PreflightFinding& found) {
    return found.impact == Impact::breaks && std::ranges::find(codes, found.code) != codes.end();
  });
}

std::vector<PreflightFinding> worst_first(std::vector<PreflightFinding> findings) {
  std::vector<PreflightFinding> out;
  for (const Impact impact : {Impact::breaks, Impact::warning, Impact::note}) {
    for (PreflightFinding& one : findings) {
      if (one.impact == impact) out.push_back(std::move(one));
    }
  }
  return out;
}

// The look that proves it, at the name by which most know the server.
std::string look_afterwards(const PreflightCase& c) {
  std::vector<std::string> names = c.report.wanted_names;
  std::erase_if(names, [&](const std::string& name) { return !c.bears(name); });
  if (names.empty()) names = c.leaf().dns_names();
  return "postern check " + (names.empty() ? std::string("HOST") : printable(names.front()));
}

Json finding_json(const PreflightFinding& found) {
  Json out = Json::object();
  out["impact"] = to_string(found.impact);
  out["code"] = found.code;
  out["who"] = found.who;
  out["connector"] = found.connector.empty() ? Json(nullptr) : Json(found.connector);
  out["reading"] = found.reading.empty() ? Json(nullptr) : Json(found.reading);
  out["cause"] = found.cause;
  out["verdict"] = found.verdict ? verdict::to_json(*found.verdict) : Json(nullptr);
  return out;
}

Json label_json(const std::string& label) {
  return label.empty() ? Json(nullptr) : Json(label);
}

Json row_json(const PresentedRow& row) {
  Json out = Json::object();
  out["connector"] = row.connector;
  out["reading"] = label_json(row.reading);
  out["before"] = label_json(row.before);
  out["after"] = label_json(row.after);
  out["later"] = label_json(row.later);
  out["reason"] = row.reason;
  out["candidates"] = Json::array();
  for (const policy::Candidate& one : row.candidates)
    out["candidates"].push_back(
        {{"name", one.name}, {"chosen", one.chosen}, {"reason", one.reason}});
  return out;
}

}  // namespace

std::string_view to_string(Impact impact) {
  switch (impact) {
    case Impact::breaks:
      return "breaks";
    case Impact::warning:
      return "warning";
    case Impact::note:
      return "note";
  }
  return "note";
}

bool PreflightReport::safe() const {
  return std::ranges::none_of(
      findings, [](const PreflightFinding& found) { return found.impact == Impact::breaks; });
}

Result<PreflightReport> preflight(const PreflightInputs& inputs) {
  PreflightCase c(inputs);
  judge_itself(c);
  simulate_postern(c);
  simulate_exchange(c);
  if (!inputs.replaces.empty() && c.report.replaces.empty()) {
    return invalid("'" + printable(inputs.replaces, 80) +
                   "' names no certificate of the configuration or of the export: give its "
                   "thumbprint, or the NAME of [certificates.NAME]");
  }
  judge_published(c);
  const auto incomplete = [](const PreflightFinding& one) {
    return one.code == "incomplete-chain";
  };
  if (std::ranges::any_of(c.report.findings, incomplete))
    command_intermediate(c, inputs.exchange != nullptr);
  if (needs_another(c.report)) command_request(c, inputs.exchange != nullptr);
  c.report.asked = inputs.fetched.fetches;
  c.report.look_afterwards = look_afterwards(c);
  c.report.findings = worst_first(std::move(c.report.findings));
  return std::move(c.report);
}

Json to_json(const PreflightReport& report) {
  Json out = Json::object();
  out["safe"] = report.safe();
  out["certificate"] = {{"subject", report.subject}, {"thumbprint", report.thumbprint}};
  out["replaces"] = label_json(report.replaces);
  out["replaces_how"] = label_json(report.replaces_how);
  out["findings"] = Json::array();
  for (const PreflightFinding& found : report.findings)
    out["findings"].push_back(finding_json(found));
  out["presented"] = Json::array();
  for (const PresentedRow& row : report.presented) out["presented"].push_back(row_json(row));
  out["commands"] = Json::array();
  for (const PreflightCommand& one : report.commands)
    out["commands"].push_back({{"where", one.where}, {"why", one.why}, {"lines", one.lines}});
  out["wanted_names"] = report.wanted_names;
  out["asked"] = Json::array();
  for (const verdict::Fetch& fetch : report.asked)
    out["asked"].push_back({{"kind", to_string(fetch.kind)},
                            {"url", printable(fetch.url)},
                            {"ok", fetch.ok},
                            {"error", printable(fetch.error)},
                            {"octets", fetch.octets}});
  out["not_looked_at"] = report.not_looked_at;
  out["look_afterwards"] = report.look_afterwards;
  return out;
}

}  // namespace postern::probe
