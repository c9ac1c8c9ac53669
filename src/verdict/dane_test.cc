#include "verdict/dane.h"

#include <gtest/gtest.h>

#include "verdict/testing/judge_cases.h"

namespace postern::verdict {
namespace {

using testing::kNow;
using testing::Pki;
using testing::sound_chain;
using State = TlsaMatch::State;

const std::vector<std::string> kNames = {"mx1.partner.example", "partner.example"};

TlsaMatch match(const std::vector<TlsaRecord>& records,
                const std::vector<x509::Certificate>& chain = sound_chain(),
                const std::vector<std::string>& names = kNames) {
  return match_tlsa(records, chain, names, kNow);
}

TEST(Tlsa, TextAndWireFormsAreOneRecord) {
  const auto text = parse_tlsa("3 1 1 8bd1 DA95");
  ASSERT_TRUE(text);
  EXPECT_EQ(format_tlsa(*text), "3 1 1 8BD1DA95");
  const auto wire = decode_tlsa(std::string("\x03\x01\x01\x8b\xd1\xda\x95", 7));
  ASSERT_TRUE(wire);
  EXPECT_EQ(*wire, *text);
}

TEST(Tlsa, BrokenTextIsRefused) {
  for (const char* text : {"", "3 1 1", "3 1 1 8BD", "256 1 1 AA", "3 1 1 XY", "a 1 1 AA"})
    EXPECT_FALSE(parse_tlsa(text)) << text;
  EXPECT_FALSE(decode_tlsa("\x03\x01\x01"));
}

TEST(Tlsa, OnlyUsages2And3WithWholeDigestsAreUsable) {
  const TlsaRecord good = make_tlsa(Pki::get().leaf.certificate);
  EXPECT_TRUE(is_usable(good));
  for (const std::uint8_t usage : std::vector<std::uint8_t>{0, 1, 4, 255}) {
    TlsaRecord other = good;
    other.usage = usage;
    EXPECT_FALSE(is_usable(other)) << int{usage};
  }
  TlsaRecord cut = good;
  cut.data.pop_back();
  EXPECT_FALSE(is_usable(cut));
  TlsaRecord unknown = good;
  unknown.matching = 3;
  EXPECT_FALSE(is_usable(unknown));
  unknown = good;
  unknown.selector = 2;
  EXPECT_FALSE(is_usable(unknown));
  EXPECT_EQ(match({cut}).state, State::none_usable);
  EXPECT_EQ(match({}).state, State::none_usable);
}

TEST(Dane_Ee, EverySelectorAndMatchingType) {
  for (const std::uint8_t selector : std::vector<std::uint8_t>{0, 1}) {
    for (const std::uint8_t matching : std::vector<std::uint8_t>{0, 1, 2}) {
      const TlsaRecord record = make_tlsa(Pki::get().leaf.certificate, 3, selector, matching);
      EXPECT_EQ(match({record}).state, State::match) << int{selector} << int{matching};
    }
  }
}

TEST(Dane_Ee, AsksForNeitherNameNorDatesNorPath) {
  const TlsaRecord record = make_tlsa(Pki::get().leaf.certificate);
  const Time late = Pki::get().leaf.certificate.not_after() + std::chrono::years(1);
  EXPECT_EQ(match_tlsa({record}, {Pki::get().leaf.certificate}, {"other.example"}, late).state,
            State::match);
}

TEST(Dane_Ee, ARenewedKeyNoLongerMatches_AndTheSecondRecordHelps) {
  const TlsaRecord old = make_tlsa(Pki::get().own.certificate);
  const TlsaMatch stale = match({old});
  EXPECT_EQ(stale.state, State::mismatch);
  EXPECT_NE(stale.detail.find("presented key is not that of 3 1 1"), std::string::npos);
  const TlsaMatch both = match({old, make_tlsa(Pki::get().leaf.certificate)});
  EXPECT_EQ(both.state, State::match);
  EXPECT_EQ(both.record, 1U);
}

TEST(Dane_Ta, NeedsTheAnchorPresented_APathAndAName) {
  const Pki& pki = Pki::get();
  const TlsaRecord intermediate = make_tlsa(pki.intermediate.certificate, 2, 0, 1);
  EXPECT_EQ(match({intermediate}).state, State::match);
  const TlsaMatch alone = match({intermediate}, {pki.leaf.certificate});
  EXPECT_EQ(alone.state, State::mismatch);
  EXPECT_NE(alone.detail.find("no presented certificate is the anchor"), std::string::npos);
  const TlsaMatch named = match({intermediate}, sound_chain(), {"other.example"});
  EXPECT_EQ(named.state, State::mismatch);
  EXPECT_NE(named.detail.find("bears none of other.example"), std::string::npos);
  // A certificate that is merely thrown into the bag anchors nothing.
  const TlsaRecord stranger = make_tlsa(pki.other_root.certificate, 2, 0, 1);
  EXPECT_EQ(match({stranger}, {pki.leaf.certificate, pki.other_root.certificate}).state,
            State::mismatch);
}

TEST(Dane_Ta, AFullCertificateInTheRecordNeedNotBePresented) {
  const TlsaRecord root = make_tlsa(Pki::get().root.certificate, 2, 0, 0);
  EXPECT_EQ(match({root}).state, State::match);
}

TEST(Dane, NothingPresentedIsAMismatch) {
  EXPECT_EQ(match({make_tlsa(Pki::get().leaf.certificate)}, {}).state, State::mismatch);
}

}  // namespace
}  // namespace postern::verdict
