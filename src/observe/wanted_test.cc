#include "observe/wanted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/testing/factory.h"

namespace postern::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using verdict::FetchedEvidence;
using verdict::FetchKind;
using verdict::Want;

const Want kLeafOcsp{FetchKind::ocsp, "http://o/", "LEAF", "request"};
const Want kLeafOcsp2{FetchKind::ocsp, "http://o2/", "LEAF", "request"};
const Want kLeafCrl{FetchKind::crl, "http://c/x", "LEAF", ""};
const Want kCaOcsp{FetchKind::ocsp, "http://o/", "CA", "other request"};
const Want kCaCrl{FetchKind::crl, "http://c/x", "CA", ""};
const Want kAia{FetchKind::aia, "http://a/i.cer", "LEAF", ""};

fetch::Answer came(std::string body) {
  return {std::make_shared<const std::string>(std::move(body)), "", false};
}
const fetch::Answer kFailed{nullptr, "HTTP status 404", false};

FetchedEvidence after(std::vector<Want> tried) {
  FetchedEvidence out;
  for (const Want& want : tried) add_answer(out, want, kFailed);
  return out;
}

TEST(NextWants, TakesTheFirstOfEachCertificateAtOnce) {
  EXPECT_THAT(next_wants({kLeafOcsp, kLeafCrl, kCaOcsp, kCaCrl}, {}, false),
              ElementsAre(kLeafOcsp, kCaOcsp));
}

TEST(NextWants, GoesOnToWhatWasNotTried) {
  const std::vector<Want> all{kLeafOcsp, kLeafOcsp2, kLeafCrl};
  EXPECT_THAT(next_wants(all, after({kLeafOcsp}), false), ElementsAre(kLeafOcsp2));
  EXPECT_THAT(next_wants(all, after({kLeafOcsp, kLeafOcsp2}), false), ElementsAre(kLeafCrl));
  EXPECT_THAT(next_wants(all, after({kLeafOcsp, kLeafOcsp2, kLeafCrl}), false), IsEmpty());
}

TEST(NextWants, ACrlIsFetchedOnceForAllItsCertificates) {
  EXPECT_THAT(next_wants({kLeafCrl, kCaCrl}, {}, false), ElementsAre(kLeafCrl));
  EXPECT_THAT(next_wants({kLeafCrl, kCaCrl}, after({kCaCrl}), false), IsEmpty());
}

TEST(NextWants, AnOcspAnswerForOneCertificateIsNoneForAnother) {
  EXPECT_THAT(next_wants({kCaOcsp}, after({kLeafOcsp}), false), ElementsAre(kCaOcsp));
}

TEST(NextWants, IssuersOnlyForCounterTests) {
  EXPECT_THAT(next_wants({kAia}, {}, false), IsEmpty());
  EXPECT_THAT(next_wants({kAia}, {}, true), ElementsAre(kAia));
}

TEST(NextWants, IsBounded) {
  std::vector<Want> many;
  for (int i = 0; i < 100; ++i)
    many.push_back({FetchKind::crl, "http://c/" + std::to_string(i), std::to_string(i), ""});
  EXPECT_THAT(next_wants(many, {}, false), SizeIs(kMaxFetchesPerRound));
}

TEST(AddAnswer, KeepsWhatCameWithItsLengthAndDigest) {
  FetchedEvidence fetched;
  add_answer(fetched, kLeafOcsp, came("answer"));
  add_answer(fetched, kLeafCrl, came("list"));
  add_answer(fetched, kCaCrl, kFailed);
  EXPECT_THAT(fetched.ocsp_der, ElementsAre("answer"));
  EXPECT_THAT(fetched.crls_der, ElementsAre("list"));
  ASSERT_THAT(fetched.fetches, SizeIs(3));
  EXPECT_TRUE(fetched.fetches[0].ok);
  EXPECT_EQ(fetched.fetches[0].octets, 6U);
  EXPECT_THAT(fetched.fetches[0].sha256, SizeIs(64));
  EXPECT_EQ(fetched.fetches[0].certificate, "LEAF");
  EXPECT_FALSE(fetched.fetches[2].ok);
  EXPECT_EQ(fetched.fetches[2].error, "HTTP status 404");
  EXPECT_EQ(fetched.fetches[2].sha256, "");
}

TEST(AddAnswer, AnIssuerBecomesACertificate) {
  FetchedEvidence fetched;
  const auto root = x509::testing::make_root("Root");
  add_answer(fetched, kAia, came(root.certificate.der()));
  EXPECT_THAT(fetched.issuers, ElementsAre(root.certificate));
}

TEST(SettledNothing, IsWhatCameAndIsStillWanted) {
  const std::vector<Want> tried{kLeafOcsp, kCaOcsp, kLeafCrl};
  const std::vector<fetch::Answer> answers{came("a"), came("b"), kFailed};
  EXPECT_THAT(settled_nothing(tried, answers, {kLeafOcsp, kLeafCrl}), ElementsAre(kLeafOcsp));
}

}  // namespace
}  // namespace postern::observe
