#include "explain/conclude.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/json.h"
#include "verdict/catalog.h"

namespace postern::explain {
namespace {

using verdict::Certainty;
using verdict::Fault;

constexpr std::size_t kMaxCauses = 8;
constexpr std::size_t kMaxIncidents = 1000;
constexpr std::size_t kMaxEvidence = 6;

// A certificate that the client presented is the client's trouble: client and server change places.
Fault mirrored(Fault fault) {
  if (fault == Fault::client) return Fault::server;
  if (fault == Fault::server) return Fault::client;
  return fault;
}

// The server reports what it found wrong with the client's certificate.
bool judges_client(const Candidate& candidate, const verdict::CatalogEntry& entry) {
  if (entry.names_role || candidate.because.empty()) return false;
  const Observation& o = candidate.because.front()->first;
  const bool verifier = entry.layer.starts_with("certificate") && o.fact != Fact::alert;
  return verifier && o.said_by == Side::server;
}

// A certificate or connector that is set up wrong is the trouble of the end that says so.
Fault fault_of(const Candidate& candidate, const verdict::CatalogEntry& entry) {
  if (entry.layer == "selection-binding" && !candidate.because.empty()) {
    const Side says = candidate.because.front()->first.said_by;
    if (says == Side::server) return Fault::server;
    if (says == Side::client) return Fault::client;
  }
  return judges_client(candidate, entry) ? mirrored(entry.usual_fault) : entry.usual_fault;
}

std::optional<bool> is_ours(Fault fault, Side ours) {
  if (ours == Side::unknown || (fault != Fault::client && fault != Fault::server))
    return std::nullopt;
  return (fault == Fault::client) == (ours == Side::client);
}

// Which product's words are in the evidence: its cures come first.
enum class Product { any, exchange, postfix };
Product product_of(const Case& seen) {
  int exchange = 0, postfix = 0;
  for (const Sighting& sighting : seen.sightings()) {
    const std::string_view dialect = sighting.first.dialect;
    exchange += dialect.starts_with("Exchange") || dialect.starts_with("Windows") ? 1 : 0;
    for (const Span& span : sighting.spans) {
      exchange += span.text.find("MSExchange") != std::string::npos ? 1 : 0;
      postfix += span.text.find("postfix") != std::string::npos ? 1 : 0;
    }
  }
  if (exchange > postfix) return Product::exchange;
  return postfix > 0 ? Product::postfix : Product::any;
}

// Facts of the case for the braces of the catalog's texts; what is not known becomes a placeholder.
std::string filled(std::string_view text, const Candidate& candidate) {
  std::map<std::string_view, std::string> facts{
      {"{peer}", "the peer"},     {"{wanted}", "<name>"},     {"{presented}", "<presented>"},
      {"{subject}", "<subject>"}, {"{issuer}", "<issuer>"},   {"{who}", "the connector"},
      {"{sets}", "<trust sets>"}, {"{own}", "<certificate>"}, {"{anchor}", "<root>"},
      {"{port}", "<port>"},       {"{from}", "<start>"},      {"{until}", "<end>"}};
  for (const Sighting* seen : candidate.because) {
    const Observation& o = seen->first;
    if (!o.counterpart.empty()) facts["{peer}"] = o.counterpart;
    if (!o.wanted.empty()) facts["{wanted}"] = o.wanted;
    if (!o.presented.empty()) facts["{presented}"] = o.presented;
    if (!o.connector.empty()) facts["{who}"] = o.connector;
  }
  std::string out(text);
  for (const auto& [mark, value] : facts) {
    for (std::size_t at = out.find(mark); at != std::string::npos;
         at = out.find(mark, at + value.size()))
      out.replace(at, mark.size(), value);
  }
  return out;
}

std::vector<std::string> cure_of(const Candidate& candidate, const verdict::CatalogEntry& entry,
                                 Product product) {
  std::vector<std::string> out = candidate.cure;
  const auto add = [&](const std::vector<std::string_view>& steps) {
    for (const std::string_view step : steps) out.push_back(filled(step, candidate));
  };
  if (product == Product::exchange) add(entry.cure_exchange);
  if (product == Product::postfix) add(entry.cure_postfix);
  if (out.empty()) add(entry.cure_postern);
  return out;
}

Cause cause_of(const Candidate& candidate, Product product, Side ours) {
  const verdict::CatalogEntry& entry = verdict::catalog_entry(candidate.code);
  Cause out;
  out.code = candidate.code;
  out.certainty = candidate.certainty;
  out.fault = fault_of(candidate, entry);
  out.ours = is_ours(out.fault, ours);
  out.cause = candidate.sentence.empty() ? std::string(entry.definition) : candidate.sentence;
  for (const Sighting* seen : candidate.because) {
    for (const Span& span : seen->spans) {
      const bool known = std::ranges::any_of(out.evidence, [&](const Span& one) {
        return one.line == span.line && one.source == span.source;
      });
      if (!known && out.evidence.size() < kMaxEvidence) out.evidence.push_back(span);
    }
  }
  out.ruled_out = candidate.ruled_out;
  out.cure = cure_of(candidate, entry, product);
  return out;
}

Outcome outcome_of(const std::vector<Candidate>& ranked) {
  if (ranked.empty()) return Outcome::not_tls;
  const Candidate& first = ranked.front();
  if (first.code == "none") return Outcome::healthy;
  if (first.code == "not-tls") return Outcome::not_tls;
  return first.certainty == Certainty::possible ? Outcome::undecided : Outcome::cause;
}

// One trouble a counterpart: what was seen of it, and of nobody in particular, judged by itself.
std::vector<Incident> incidents_of(const Case& seen) {
  std::map<std::pair<std::string, std::string>, Case> parts;
  for (const Sighting& sighting : seen.sightings()) {
    const Observation& o = sighting.first;
    const auto key = std::pair(o.counterpart, o.connector);
    if (parts.size() >= kMaxIncidents && !parts.contains(key)) continue;
    Observation whole = o;
    whole.weight = sighting.count;
    parts[key].add(whole);
    if (sighting.until) {
      whole.weight = 0;
      whole.time = sighting.until;
      parts[key].add(std::move(whole));
    }
  }
  std::vector<Incident> out;
  for (const auto& [key, part] : parts) {
    const std::vector<Candidate> ranked = find_causes(part);
    if (ranked.empty() || ranked.front().code == "none") continue;
    Incident one{.code = ranked.front().code,
                 .counterpart = key.first,
                 .connector = key.second,
                 .certainty = ranked.front().certainty,
                 .first = {},
                 .last = {},
                 .lines = 0};
    for (const Sighting* because : ranked.front().because) {
      one.lines += because->count;
      if (because->since && (!one.first || *because->since < *one.first))
        one.first = because->since;
      if (because->until && (!one.last || *because->until > *one.last)) one.last = because->until;
    }
    out.push_back(std::move(one));
  }
  std::ranges::sort(out, [](const Incident& a, const Incident& b) {
    if (a.lines != b.lines) return a.lines > b.lines;
    return std::tie(a.counterpart, a.connector) < std::tie(b.counterpart, b.connector);
  });
  return out;
}

Json json_of(const Cause& cause) {
  Json out = Json::object();
  out["code"] = cause.code;
  out["certainty"] = to_string(cause.certainty);
  out["fault"] = to_string(cause.fault);
  out["ours"] = cause.ours ? Json(*cause.ours) : Json(nullptr);
  out["cause"] = cause.cause;
  out["evidence"] = Json::array();
  for (const Span& span : cause.evidence) {
    Json line = Json::object();
    line["source"] = span.source;
    line["line"] = span.line;
    line["text"] = span.text;
    out["evidence"].push_back(std::move(line));
  }
  out["ruled_out"] = Json::array();
  for (const RuledOut& one : cause.ruled_out) {
    Json item = Json::object();
    item["code"] = one.code;
    item["why"] = one.why;
    out["ruled_out"].push_back(std::move(item));
  }
  out["cure"] = cause.cure;
  return out;
}

Json json_of(const Incident& incident) {
  Json out = Json::object();
  out["code"] = incident.code;
  out["certainty"] = to_string(incident.certainty);
  out["counterpart"] = incident.counterpart;
  out["connector"] = incident.connector;
  out["first"] = incident.first ? Json(format_rfc3339(*incident.first)) : Json(nullptr);
  out["last"] = incident.last ? Json(format_rfc3339(*incident.last)) : Json(nullptr);
  out["lines"] = incident.lines;
  return out;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::cause:
      return "cause";
    case Outcome::healthy:
      return "healthy";
    case Outcome::not_tls:
      return "not-tls";
    case Outcome::undecided:
      return "undecided";
    case Outcome::unreadable:
      return "unreadable";
  }
  return "unreadable";
}

Report conclude(const Case& seen, Side ours) {
  Report report;
  const std::vector<Candidate> ranked = find_causes(seen);
  report.outcome = outcome_of(ranked);
  const Product product = product_of(seen);
  const bool trouble = !ranked.empty() && ranked.front().code != "none";
  for (const Candidate& candidate : ranked) {
    if (report.causes.size() >= kMaxCauses) break;
    if (trouble && candidate.code == "none") continue;
    report.causes.push_back(cause_of(candidate, product, ours));
  }
  report.incidents = incidents_of(seen);
  for (const Fact fact : {Fact::tls_used, Fact::delivered}) {
    for (const Sighting* healthy : seen.all(fact)) report.healthy += healthy->count;
  }
  if (report.outcome == Outcome::undecided)
    report.questions = questions_for(report.causes.front().code);
  return report;
}

Json to_json(const Report& report) {
  Json out = Json::object();
  out["outcome"] = to_string(report.outcome);
  out["causes"] = Json::array();
  for (const Cause& cause : report.causes) out["causes"].push_back(json_of(cause));
  out["incidents"] = Json::array();
  for (const Incident& incident : report.incidents) out["incidents"].push_back(json_of(incident));
  out["questions"] = Json::array();
  for (const Question& question : report.questions) {
    Json item = Json::object();
    item["what"] = question.what;
    item["command"] = question.command;
    out["questions"].push_back(std::move(item));
  }
  out["lines"] = report.lines;
  out["healthy"] = report.healthy;
  out["notes"] = report.notes;
  return out;
}

}  // namespace postern::explain
