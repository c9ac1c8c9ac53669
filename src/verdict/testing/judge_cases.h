// Evidence and policies for the tests of judge: sound by default, a test breaks one thing.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "verdict/judge.h"
#include "x509/testing/factory.h"

namespace postern::verdict::testing {

namespace factory = x509::testing;

inline const Time kNow = parse_rfc3339("2026-11-21T02:20:00Z").value();

inline std::shared_ptr<const x509::TrustSet> trust_set(const std::string& name,
                                                       std::vector<x509::Certificate> roots) {
  std::vector<x509::Anchor> anchors;
  for (x509::Certificate& root : roots) {
    anchors.push_back({std::move(root), {name, name + "/root.pem", kNow, "ops", "fabrikam"}});
  }
  return std::make_shared<x509::TrustSet>(name, std::move(anchors));
}

// One CA, one intermediate and the leaves of both sides; made once, for keys cost time.
struct Pki {
  factory::Issued root = factory::make_root("Partner Root");
  factory::Issued other_root = factory::make_root("Other Root");
  factory::Issued intermediate = factory::make_intermediate(root, "Partner Issuing");
  factory::Issued leaf = factory::make_leaf(intermediate, "mx1.partner.example");
  factory::Issued own = factory::make_leaf(root, "edge1.contoso.com");

  static const Pki& get() {
    static const Pki pki;
    return pki;
  }
};

inline std::vector<x509::Certificate> sound_chain() {
  return {Pki::get().leaf.certificate, Pki::get().intermediate.certificate};
}

// A session that went well to its end, with our certificate asked for and given.
inline Evidence sound_evidence() {
  Evidence e;
  e.time = kNow;
  e.host = "mx1.partner.example";
  e.address = "192.0.2.1";
  e.port = 25;
  e.stage = Stage::done;
  e.smtp.greeting = mail::Reply::from_peer(220, {"mx1.partner.example ESMTP Postfix"});
  e.smtp.ehlo_reply = mail::Reply::from_peer(250, {"mx1.partner.example", "SIZE 1000", "STARTTLS"});
  e.smtp.keywords = {"SIZE 1000", "STARTTLS"};
  e.smtp.starttls_offered = true;
  e.smtp.starttls_reply = mail::Reply::from_peer(220, {"2.0.0 Ready"});
  e.tls.attempted = e.tls.completed = e.tls.confirmed = e.tls.certificate_requested = true;
  e.tls.version = "TLSv1.3";
  e.tls.cipher = "TLS_AES_256_GCM_SHA384";
  e.tls.sni = "mx1.partner.example";
  e.tls.own_certificate = Pki::get().own.certificate;
  e.tls.presented = sound_chain();
  return e;
}

inline Evidence client_evidence() {
  Evidence e = sound_evidence();
  e.judged = Judged::client;
  e.host = "relay.partner.example";
  e.smtp = {};
  return e;
}

inline Evidence stopped_at(Stage stage, Stop stop) {
  Evidence e = sound_evidence();
  e.stage = stage;
  e.stop = stop;
  if (stage <= Stage::second_ehlo) e.tls.confirmed = false;
  if (stage <= Stage::handshake) {
    e.tls.completed = false;
    e.tls.presented.clear();
  }
  if (stage <= Stage::starttls) e.tls = {};
  if (stage <= Stage::ehlo) e.smtp.starttls_reply.reset();
  if (stage <= Stage::greeting) e.smtp = {};
  return e;
}

inline TlsPolicy policy_at(Level level) {
  TlsPolicy p;
  p.level = level;
  p.reference = {{"mx1.partner.example", "tls_domain of send connector partner"}};
  p.trust = {trust_set("partners", {Pki::get().root.certificate})};
  p.set_by = "send connector partner";
  p.own_certificate = "hybrid";
  return p;
}

// The wants as the verdict's JSON shows them.
inline std::vector<std::string> wanted(const Verdict& v) {
  std::vector<std::string> out;
  for (const Want& want : v.wants) out.push_back(want.str());
  return out;
}

inline const Check* find_check(const Verdict& v, std::string_view name) {
  for (const Check& check : v.checks) {
    if (check.name == name) return &check;
  }
  return nullptr;
}

}  // namespace postern::verdict::testing
