#include "fetch/cache.h"

#include <gtest/gtest.h>

namespace postern::fetch {
namespace {

using verdict::FetchKind;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();

std::shared_ptr<const std::string> body(std::size_t octets = 4) {
  return std::make_shared<const std::string>(octets, 'x');
}

TEST(FreshUntil, TheShortestOfEndCapAndMaxAge) {
  EXPECT_EQ(fresh_until(FetchKind::crl, kNow + 1h, std::nullopt, kNow), kNow + 1h);
  EXPECT_EQ(fresh_until(FetchKind::crl, kNow + 100h, std::nullopt, kNow),
            kNow + kMaxFreshRevocation);
  EXPECT_EQ(fresh_until(FetchKind::ocsp, kNow + 1h, 10min, kNow), kNow + 10min);
  EXPECT_EQ(fresh_until(FetchKind::ocsp, kNow + 1h, 100h, kNow), kNow + 1h);
  EXPECT_EQ(fresh_until(FetchKind::ocsp, std::nullopt, std::nullopt, kNow),
            kNow + kFreshWithoutEnd);
  EXPECT_EQ(fresh_until(FetchKind::aia, std::nullopt, std::nullopt, kNow), kNow + kMaxFreshIssuer);
}

TEST(FreshUntil, NeverSoShortThatAServerIsHammered) {
  EXPECT_EQ(fresh_until(FetchKind::crl, kNow + 1h, Duration::zero(), kNow), kNow + kMinFresh);
  EXPECT_EQ(fresh_until(FetchKind::crl, kNow - 1h, std::nullopt, kNow), kNow + kMinFailed);
}

TEST(MaxAge, IsReadFromCacheControl) {
  EXPECT_EQ(parse_max_age("max-age=3600, public"), Duration(1h));
  EXPECT_EQ(parse_max_age("public,Max-Age=0"), Duration::zero());
  EXPECT_EQ(parse_max_age("no-cache"), Duration::zero());
  EXPECT_EQ(parse_max_age("max-age=60, no-store"), Duration::zero());
  for (const char* none :
       {"", "public", "max-age=", "max-age=-1", "max-age=99999999999", "max-age"})
    EXPECT_EQ(parse_max_age(none), std::nullopt) << none;
}

TEST(CacheTest, AnswersWhileFreshAndNotAfter) {
  Cache cache;
  EXPECT_FALSE(cache.find("a", kNow));
  cache.put("a", body(), kNow + 1h, kNow + 2h);
  ASSERT_TRUE(cache.find("a", kNow));
  EXPECT_TRUE(cache.find("a", kNow)->ok());
  EXPECT_TRUE(cache.find("a", kNow)->cached);
  EXPECT_FALSE(cache.find("a", kNow + 1h));
}

TEST(CacheTest, AFailureIsRememberedLongerEachTimeAndBounded) {
  Cache cache;
  Duration expected = kMinFailed;
  Time now = kNow;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(cache.put_failure("a", "refused", now).error, "refused");
    EXPECT_EQ(cache.find("a", now + expected - 1ms)->error, "refused");
    now += expected;
    EXPECT_FALSE(cache.find("a", now));
    expected = std::min(expected * 2, kMaxFailed);
  }
  cache.put("a", body(), now + 1h, std::nullopt);
  (void)cache.put_failure("a", "refused", now + 1h);
  EXPECT_FALSE(cache.find("a", now + 1h + kMinFailed)) << "an answer ends the series";
}

TEST(CacheTest, AnAnswerInForceOutlastsAServerThatIsAway) {
  Cache cache;
  cache.put("a", body(), kNow + 1h, kNow + 5h);
  const Answer kept = cache.put_failure("a", "refused", kNow + 2h);
  EXPECT_TRUE(kept.ok());
  EXPECT_TRUE(cache.find("a", kNow + 2h)->ok());
  EXPECT_FALSE(cache.put_failure("a", "refused", kNow + 6h).ok());
}

TEST(CacheTest, WhatIsDoubtedIsAskedForAgainSoonAndNotKept) {
  Cache cache;
  cache.put("a", body(), kNow + 4h, kNow + 8h);
  cache.doubt("a", kNow);
  EXPECT_TRUE(cache.find("a", kNow));
  EXPECT_FALSE(cache.find("a", kNow + kMinFailed));
  EXPECT_FALSE(cache.put_failure("a", "refused", kNow + 1min).ok());
}

TEST(Fresh, APolicyIsNotForHttpCaching) {  // RFC 8461 s3.3
  EXPECT_EQ(fresh_until(verdict::FetchKind::mta_sts, std::nullopt, 24h, kNow), kNow + kMinFresh);
}

TEST(CacheTest, ForgetsFailuresAndKeepsAnswers) {
  Cache cache;
  cache.put("a", body(), kNow + 1h, std::nullopt);
  (void)cache.put_failure("b", "refused", kNow);
  cache.forget_failures();
  EXPECT_TRUE(cache.find("a", kNow));
  EXPECT_FALSE(cache.find("b", kNow));
}

TEST(CacheTest, IsBoundedInOctetsAndEntriesAndDropsWhatWasNotAskedForLongest) {
  Cache cache(100);
  cache.put("a", body(40), kNow + 1h, std::nullopt);
  cache.put("b", body(40), kNow + 1h, std::nullopt);
  EXPECT_TRUE(cache.find("a", kNow));
  cache.put("c", body(40), kNow + 1h, std::nullopt);
  EXPECT_FALSE(cache.find("b", kNow));
  EXPECT_TRUE(cache.find("a", kNow));
  EXPECT_EQ(cache.octets(), 80U);
  cache.put("huge", body(101), kNow + 1h, std::nullopt);
  EXPECT_LE(cache.octets(), 100U);
  for (std::size_t i = 0; i < kMaxCacheEntries + 10; ++i)
    (void)cache.put_failure(std::to_string(i), "refused", kNow);
  EXPECT_EQ(cache.entries(), kMaxCacheEntries);
}

}  // namespace
}  // namespace postern::fetch
