#include "relay/refused_mail.h"

#include <gtest/gtest.h>

namespace postern::relay {
namespace {

store::MessageFacts message(std::uint64_t id, const std::string& local, const std::string& domain) {
  store::MessageFacts out;
  out.id = MessageId(id);
  out.reverse_path = {local, domain};
  return out;
}

Heard heard(Heard::What what, const store::MessageFacts& facts, bool not_the_sender = false) {
  return {what, facts.id, facts.reverse_path, not_the_sender};
}

constexpr Heard::What kRefused = Heard::What::refused;
constexpr Heard::What kTaken = Heard::What::taken;

const store::MessageFacts kEvil = message(1, "evil", "foreign.test");
const store::MessageFacts kNext = message(2, "evil", "foreign.test");
const store::MessageFacts kColleague = message(3, "good", "foreign.test");
const store::MessageFacts kOther = message(4, "good", "fabrikam.test");

TEST(RefusedMail, ATrialLearnsMostFromAnotherDomainThenAnotherSenderThenAnotherMessage) {
  RefusedMail refused;
  EXPECT_EQ(refused.rank(kEvil), kBestRank);
  refused.note(heard(kRefused, kEvil));
  EXPECT_EQ(refused.rank(kOther), 0U);
  EXPECT_EQ(refused.rank(kColleague), 1U);
  EXPECT_EQ(refused.rank(kNext), 2U);
  EXPECT_EQ(refused.rank(kEvil), 2U) << "once refused: the oldest of this sender goes first";
  refused.note(heard(kRefused, kEvil));
  EXPECT_EQ(refused.rank(kEvil), 3U) << "twice: perhaps it is this message";
  EXPECT_EQ(refused.rank(kNext), 2U);
}

TEST(RefusedMail, ASenderWhoseMailIsTakenIsNotWhatIsRefused) {
  RefusedMail refused;
  refused.note(heard(kRefused, kEvil, true));
  EXPECT_TRUE(refused.contains(kEvil));
  EXPECT_FALSE(refused.contains(kNext));
  EXPECT_FALSE(refused.knows(kEvil.reverse_path));
}

TEST(RefusedMail, WhatIsTakenIsForgotten) {
  RefusedMail refused;
  refused.note(heard(kRefused, kEvil));
  refused.note(heard(kRefused, kEvil));
  refused.note(heard(kTaken, kEvil));
  EXPECT_TRUE(refused.empty());
  EXPECT_EQ(refused.rank(kEvil), kBestRank);
}

TEST(RefusedMail, TheNullReversePathIsASenderToo) {
  RefusedMail refused;
  refused.note(heard(kRefused, message(5, "", "")));
  EXPECT_TRUE(refused.contains(message(6, "", "")));
  EXPECT_EQ(refused.rank(kOther), kBestRank);
}

TEST(RefusedMail, RemembersSoManyAndNoMore) {
  RefusedMail refused;
  for (std::uint64_t i = 0; i < 2 * kMaxRefused; ++i)
    refused.note(heard(kRefused, message(i, "a" + std::to_string(i), "foreign.test")));
  EXPECT_EQ(refused.senders(), kMaxRefused);
  EXPECT_FALSE(refused.knows({"a0", "foreign.test"}));
  EXPECT_TRUE(refused.knows({"a150", "foreign.test"}));
}

}  // namespace
}  // namespace postern::relay
