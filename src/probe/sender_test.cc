#include "probe/sender.h"

#include <gtest/gtest.h>

namespace postern::probe {
namespace {

using verdict::Level;
using verdict::Revocation;

SenderFacts facts() {
  SenderFacts out;
  out.domain = "partner.test";
  return out;
}

std::vector<std::string> names(const verdict::TlsPolicy& policy) {
  std::vector<std::string> out;
  for (const auto& one : policy.reference) out.push_back(one.name);
  return out;
}

TEST(Sender, EachKindAsksWhatItsProductAsks) {
  struct Case {
    SenderKind kind;
    Level level;
    std::vector<std::string> names;
    Revocation revocation;
    bool legacy_cn;
  };
  const Case cases[] = {
      {SenderKind::postern, Level::opportunistic, {}, Revocation::when_published, false},
      {SenderKind::exchange_online,
       Level::authenticate,
       {"partner.test"},
       Revocation::required,
       true},
      {SenderKind::exchange_domain_security,
       Level::authenticate,
       {"partner.test"},
       Revocation::required,
       true},
      {SenderKind::postfix_verify, Level::authenticate, {"mx1.test"}, Revocation::off, true},
      {SenderKind::postfix_secure,
       Level::authenticate,
       {"partner.test", "*.partner.test"},
       Revocation::off,
       true},
      {SenderKind::opportunistic, Level::opportunistic, {}, Revocation::when_published, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(to_string(c.kind));
    const verdict::TlsPolicy policy = sender_policy(c.kind, facts(), "mx1.test");
    EXPECT_EQ(policy.level, c.level);
    EXPECT_EQ(names(policy), c.names);
    EXPECT_EQ(policy.revocation, c.revocation);
    EXPECT_EQ(policy.legacy_cn, c.legacy_cn);
    EXPECT_FALSE(policy.set_by.empty());
  }
}

TEST(Sender, GivenNamesStandInPlaceOfTheKindsOwn) {
  SenderFacts given = facts();
  given.names = {"other.test"};
  for (const SenderKind kind : all_sender_kinds()) {
    const verdict::TlsPolicy policy = sender_policy(kind, given, "mx1.test");
    EXPECT_EQ(names(policy), std::vector<std::string>{"other.test"}) << to_string(kind);
    EXPECT_EQ(policy.level == Level::opportunistic, kind == SenderKind::opportunistic)
        << to_string(kind);
  }
}

TEST(Sender, AClientCertificateMakesAMutualSender) {
  SenderFacts given = facts();
  given.client_certificate = "--client-cert";
  for (const SenderKind kind : all_sender_kinds()) {
    const verdict::TlsPolicy policy = sender_policy(kind, given, "mx1.test");
    EXPECT_EQ(policy.level,
              kind == SenderKind::opportunistic ? Level::opportunistic : Level::mutual)
        << to_string(kind);
    EXPECT_EQ(policy.reference.empty(), kind == SenderKind::opportunistic) << to_string(kind);
  }
}

TEST(Sender, TheConfigurationsPolicyIsPosterns) {
  SenderFacts given = facts();
  given.own.emplace();
  given.own->level = Level::encrypt;
  given.own->set_by = "send connector cloud";
  EXPECT_EQ(sender_policy(SenderKind::postern, given, "mx1.test").set_by, "send connector cloud");
  EXPECT_EQ(sender_policy(SenderKind::postern, given, "mx1.test").level, Level::encrypt);
  EXPECT_EQ(sender_policy(SenderKind::postfix_verify, given, "mx1.test").set_by, "postfix-verify");
  given.names = {"other.test"};
  EXPECT_EQ(sender_policy(SenderKind::postern, given, "mx1.test").level, Level::authenticate);
}

TEST(Sender, NamesOfKindsAreReadBack) {
  for (const SenderKind kind : all_sender_kinds()) {
    EXPECT_EQ(parse_sender_kind(to_string(kind)), kind);
    EXPECT_FALSE(describe(kind).empty());
  }
  EXPECT_FALSE(parse_sender_kind("sendmail"));
}

}  // namespace
}  // namespace postern::probe
