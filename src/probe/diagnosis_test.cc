#include "probe/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probe/testing/reports.h"

namespace postern::probe {
namespace {

using ::testing::HasSubstr;
using Result = CounterTest::Result;
using verdict::Certainty;
using verdict::Fault;
using verdict::Stage;
namespace cases = testing::cases;

// A host that failed with this code in this stage; no more than a rule looks at.
HostReport failed_in(Stage stage, std::string code, Fault fault = Fault::server) {
  HostReport host;
  host.target.host = "mx1.partner.example";
  host.target.address = "192.0.2.1";
  host.evidence.stage = stage;
  host.evidence.tls.sni = "mx1.partner.example";
  host.verdict.ok = false;
  host.verdict.code = std::move(code);
  host.verdict.layer = "before";
  host.verdict.fault = fault;
  host.verdict.certainty = Certainty::likely;
  host.verdict.cause = "It failed.";
  host.judged_code = host.verdict.code;
  return host;
}

CounterTest test(std::string name, Result result, std::string answer = {}) {
  CounterTest out;
  out.name = std::move(name);
  out.result = result;
  out.answer = std::move(answer);
  return out;
}

ViewResult completing(View view, bool clean = false) {
  ViewResult out;
  out.view = view;
  out.evidence.tls.completed = true;
  out.evidence.tls.presented = cases::sound_chain();
  out.evidence.tls.version = "TLSv1.1";
  out.evidence.tls.cipher = "AES128-SHA";
  out.verdict.ok = clean;
  return out;
}

struct Row {
  const char* title;
  HostReport host;
  std::vector<CounterTest> tests;
  const char* code;  // empty: as it was
  Fault fault;
  Certainty certainty;
  const char* words;
};

void expect(const Row& row) {
  SCOPED_TRACE(row.title);
  const verdict::Verdict verdict = diagnose(row.host, row.tests);
  EXPECT_FALSE(verdict.ok);
  EXPECT_EQ(verdict.code, *row.code == '\0' ? row.host.verdict.code : row.code);
  EXPECT_EQ(verdict.fault, row.fault);
  EXPECT_EQ(verdict.certainty, row.certainty);
  EXPECT_THAT(verdict.cause, HasSubstr(row.words));
}

TEST(Diagnosis, StarttlsThatIsMissing) {
  const HostReport host = failed_in(Stage::ehlo, "starttls-not-offered");
  const Row rows[] = {
      {"taken all the same",
       host,
       {test("starttls-unasked", Result::differs)},
       "starttls-stripped-by-middlebox",
       Fault::path,
       Certainty::certain,
       "takes the word out"},
      {"offered to another address of ours",
       host,
       {test("other-source", Result::clean)},
       "starttls-stripped-by-middlebox",
       Fault::path,
       Certainty::likely,
       "From another address of ours STARTTLS is offered"},
      {"offered by others of the target",
       host,
       {test("other-mx", Result::clean)},
       "",
       Fault::server,
       Certainty::certain,
       "it is this server"},
      {"what only repeats the failure proves nothing",
       host,
       {test("starttls-unasked", Result::same), test("other-source", Result::same),
        test("other-mx", Result::same)},
       "",
       Fault::server,
       Certainty::likely,
       "It failed."},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Diagnosis, TheWrongModeForThePort) {
  HostReport implicit = failed_in(Stage::greeting, "smtp-timeout");
  implicit.views = {completing(View::other_mode)};
  implicit.views.front().evidence.tls.implicit = true;
  HostReport starttls = failed_in(Stage::handshake, "wrong-tls-mode-for-port");
  starttls.views = {completing(View::other_mode)};
  const Row rows[] = {
      {"TLS from the first byte",
       implicit,
       {},
       "wrong-tls-mode-for-port",
       Fault::server,
       Certainty::certain,
       "speaks TLS from the first byte"},
      {"STARTTLS",
       starttls,
       {},
       "wrong-tls-mode-for-port",
       Fault::server,
       Certainty::certain,
       "speaks STARTTLS at this port"},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Diagnosis, AHandshakeThatCompletesOtherwise) {
  const auto with = [](View view) {
    HostReport host = failed_in(Stage::handshake, "handshake-failed", Fault::unknown);
    host.views = {completing(view)};
    return host;
  };
  const Row rows[] = {
      {"old versions alone",
       with(View::legacy),
       {},
       "protocol-version-mismatch",
       Fault::server,
       Certainty::certain,
       "with TLSv1.1 and nothing newer"},
      {"TLS 1.2 alone",
       with(View::tls1_2),
       {},
       "",
       Fault::server,
       Certainty::likely,
       "With TLS 1.2 alone"},
      {"without SNI",
       with(View::without_sni),
       {},
       "",
       Fault::unknown,
       Certainty::certain,
       "has nothing for the name mx1.partner.example"},
      {"weak ciphers",
       with(View::anything),
       {},
       "",
       Fault::server,
       Certainty::certain,
       "weaker ciphers and keys the handshake completes: AES128-SHA"},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Diagnosis, ACertificateThatIsWrong) {
  const auto host = [](View view, bool clean) {
    HostReport out = failed_in(Stage::done, "name-mismatch");
    out.evidence.tls.completed = true;
    out.views = {completing(view, clean)};
    return out;
  };
  const HostReport plain = host(View::without_sni, false);
  const Row rows[] = {
      {"right without SNI",
       host(View::without_sni, true),
       {},
       "",
       Fault::server,
       Certainty::certain,
       "Without SNI the right certificate"},
      {"right with the domain as SNI",
       host(View::domain_sni, true),
       {},
       "",
       Fault::server,
       Certainty::certain,
       "With SNI of the domain"},
      {"right with the issuer fetched",
       plain,
       {test("aia", Result::clean)},
       "",
       Fault::server,
       Certainty::certain,
       "the server leaves it out"},
      {"right at another address",
       plain,
       {test("other-address", Result::clean)},
       "",
       Fault::server,
       Certainty::certain,
       "this node was missed"},
      {"right at another host",
       plain,
       {test("other-mx", Result::clean)},
       "",
       Fault::server,
       Certainty::certain,
       "Another host of the target"},
      {"trusted by another set",
       plain,
       {test("other-trust-set", Result::same, "with trust set a alone: no"),
        test("other-trust-set", Result::clean, "with trust set b alone: trusted by CN=R")},
       "",
       Fault::server,
       Certainty::certain,
       "It is trusted with trust set b."},
      {"nothing else is right",
       plain,
       {test("aia", Result::same)},
       "",
       Fault::server,
       Certainty::likely,
       "It failed."},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Diagnosis, TheWayThere) {
  const HostReport host = failed_in(Stage::connect, "connection-refused");
  const Row rows[] = {
      {"from another address of ours",
       host,
       {test("other-source", Result::clean)},
       "",
       Fault::server,
       Certainty::likely,
       "our usual address is what it minds"},
      {"another address answers",
       host,
       {test("other-address", Result::clean)},
       "",
       Fault::server,
       Certainty::certain,
       "it is 192.0.2.1 alone"},
  };
  for (const Row& row : rows) expect(row);
}

TEST(Diagnosis, ASoundHostStaysSound) {
  HostReport host = failed_in(Stage::done, "none");
  host.verdict.ok = true;
  const auto verdict = diagnose(host, {test("other-mx", Result::clean)});
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.cause, "It failed.");
}

TEST(Diagnosis, ANewCodeBringsItsLayerAndCure) {
  HostReport host = failed_in(Stage::ehlo, "starttls-not-offered");
  const auto verdict = diagnose(host, {test("starttls-unasked", Result::differs)});
  EXPECT_EQ(verdict.layer, "smtp");
  EXPECT_FALSE(verdict.cure.empty());
}

TEST(Ours, IsSaidWhereTheRolesAreKnown) {
  const struct {
    Fault fault;
    Roles roles;
    std::optional<bool> ours;
  } rows[] = {
      {Fault::server, {SenderKind::postern, false}, false},
      {Fault::server, {SenderKind::exchange_online, true}, true},
      {Fault::client, {SenderKind::postern, false}, true},
      {Fault::client, {SenderKind::exchange_online, true}, false},
      {Fault::client, {SenderKind::postfix_verify, false}, std::nullopt},
      {Fault::path, {SenderKind::postern, true}, std::nullopt},
      {Fault::dns, {SenderKind::postern, true}, std::nullopt},
  };
  for (const auto& row : rows) EXPECT_EQ(ours(row.fault, row.roles), row.ours);
}

}  // namespace
}  // namespace postern::probe
