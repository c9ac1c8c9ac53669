#include "policy/exchange_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postern::policy {
namespace {

using ::testing::HasSubstr;

Time date(const char* day) {
  return parse_rfc3339(std::string(day) + "T00:00:00Z").value();
}

const Time kNow = date("2026-11-21");
constexpr const char* kFqdn = "mail.contoso.com";

StoredCertificate stored(const std::string& label, const char* from, const char* until) {
  StoredCertificate out;
  out.label = label;
  out.subject = "CN=mail.contoso.com, O=Contoso";
  out.issuer = "CN=Fabrikam Public CA";
  out.names = {"mail.contoso.com", "*.contoso.com"};
  out.not_before = date(from);
  out.not_after = date(until);
  out.private_key = out.smtp = true;
  out.self_signed = false;
  return out;
}

StoredCertificate old_one() {
  return stored("old", "2025-12-01", "2026-12-15");
}
StoredCertificate new_one() {
  return stored("new", "2026-11-10", "2027-11-25");
}

Selection by_name(const std::vector<StoredCertificate>& store,
                  ExchangeReading reading = ExchangeReading::newest_start) {
  return select_exchange_certificate({"", kFqdn, "receive connector R"}, store, reading, kNow);
}

Selection by_pin(const std::string& pin, const std::vector<StoredCertificate>& store,
                 ExchangeReading reading = ExchangeReading::newest_start) {
  return select_exchange_certificate({pin, kFqdn, "send connector S"}, store, reading, kNow);
}

std::string chosen(const std::vector<StoredCertificate>& store, const Selection& selection) {
  return selection.index ? store[*selection.index].label : "";
}

TEST(ExchangeSelection, ByName_TheNewestStart_EvenWhereItEndsSooner) {
  std::vector<StoredCertificate> store = {old_one(), new_one()};
  EXPECT_EQ(chosen(store, by_name(store)), "new");
  // The trap: a renewal that begins before the old one was bought is never presented.
  store[1].not_before = date("2025-11-30");
  const Selection trapped = by_name(store);
  EXPECT_EQ(chosen(store, trapped), "old");
  EXPECT_THAT(trapped.candidates[1].reason, HasSubstr("old from 2025-12-01, which is later"));
  EXPECT_EQ(chosen(store, by_name(store, ExchangeReading::newest_expiry)), "new");
}

TEST(ExchangeSelection, CaIssuedBeforeSelfSigned_ExpiredOnlyWhereNothingElseIs) {
  std::vector<StoredCertificate> store = {old_one(), new_one()};
  store[1].self_signed = true;
  EXPECT_EQ(chosen(store, by_name(store)), "old");
  store[0].not_after = date("2026-11-01");
  EXPECT_EQ(chosen(store, by_name(store)), "new");
  store.pop_back();
  const Selection only = by_name(store);
  EXPECT_EQ(chosen(store, only), "old");
  EXPECT_EQ(only.code, "expired");
}

TEST(ExchangeSelection, WhatIsNotEnabledForSmtpIsStillChosen_AndTlsFails) {
  std::vector<StoredCertificate> store = {old_one(), new_one()};
  store[1].smtp = false;
  for (const auto reading : {ExchangeReading::newest_start, ExchangeReading::newest_expiry}) {
    const Selection trapped = by_name(store, reading);
    EXPECT_EQ(chosen(store, trapped), "new");
    EXPECT_EQ(trapped.code, "certificate-not-bound");
    EXPECT_THAT(trapped.reason, HasSubstr("TLS will fail"));
  }
}

TEST(ExchangeSelection, WithoutAPrivateKeyItIsNeverChosen) {
  std::vector<StoredCertificate> store = {old_one(), new_one()};
  store[1].private_key = false;
  EXPECT_EQ(chosen(store, by_name(store)), "old");
  store.erase(store.begin());
  const Selection none = by_name(store);
  EXPECT_FALSE(none.index);
  EXPECT_EQ(none.code, "private-key-inaccessible");
}

TEST(ExchangeSelection, APinSurvivesOnlyARenewalWithTheSameIssuerAndSubject) {
  const std::string pin = "<I>CN=Fabrikam Public CA<S>CN=mail.contoso.com, O=Contoso";
  std::vector<StoredCertificate> store = {old_one(), new_one()};
  EXPECT_EQ(chosen(store, by_pin(pin, store)), "new");
  EXPECT_EQ(
      chosen(store, by_pin("<i>cn=fabrikam public ca<s>CN=mail.contoso.com,O=Contoso", store)),
      "new");
  store[1].issuer = "CN=Fabrikam Public CA 2";
  const Selection stays = by_pin(pin, store);
  EXPECT_EQ(chosen(store, stays), "old");
  EXPECT_THAT(stays.candidates[1].reason, HasSubstr("same subject, but issued by"));
  store.erase(store.begin());
  const Selection stale = by_pin(pin, store);
  EXPECT_FALSE(stale.index);
  EXPECT_EQ(stale.code, "tlscertificatename-stale");
  EXPECT_EQ(by_pin("CN=mail.contoso.com", store).code, "tls-policy-misconfigured");
}

TEST(ExchangeSelection, NoNameNoStarttls) {
  std::vector<StoredCertificate> store = {new_one()};
  store[0].subject = "CN=www.contoso.com";
  store[0].names = {"www.contoso.com"};
  const Selection none = by_name(store);
  EXPECT_EQ(none.code, "certificate-missing-for-fqdn");
  EXPECT_THAT(none.candidates[0].reason, HasSubstr("no name of it is mail.contoso.com"));
  store[0].names_complete = false;
  EXPECT_THAT(by_name(store).candidates[0].reason, HasSubstr("does not show all"));
}

TEST(ExchangeSelection, NamesCountInSanWithWildcardsAndAsCn) {
  StoredCertificate one = new_one();
  EXPECT_EQ(stored_certificate_bears(one, "EDGE.contoso.com"), true);
  EXPECT_EQ(stored_certificate_bears(one, "a.edge.contoso.com"), false);
  one.names.clear();
  EXPECT_EQ(stored_certificate_bears(one, kFqdn), true);
  EXPECT_EQ(stored_certificate_bears(one, "contoso.com"), false);
}

}  // namespace
}  // namespace postern::policy
