#include "relay/alerts.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "x509/testing/factory.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

const std::vector<Duration> kWarnings = {30 * 24h, 14 * 24h, 3 * 24h};

const x509::Certificate& leaf() {
  static const x509::Certificate certificate =
      x509::testing::make_leaf(x509::testing::make_root("root"), "mail.fabrikam.com").certificate;
  return certificate;
}

std::optional<Alert> alert_with_left(Duration left) {
  return expiry_alert(leaf(), "the client certificate of 192.0.2.9 on connector partners",
                      "Ask for renewal.", kWarnings, leaf().not_after() - left);
}

TEST(DueWarning, IsTheNearestThatHasComeDue) {
  struct Row {
    Duration left;
    std::optional<Duration> due;
  };
  for (const Row& row :
       {Row{31 * 24h, std::nullopt}, Row{30 * 24h, 30 * 24h}, Row{15 * 24h, 30 * 24h},
        Row{14 * 24h, 14 * 24h}, Row{3 * 24h, 3 * 24h}, Row{1min, 3 * 24h}}) {
    EXPECT_EQ(due_warning(kWarnings, row.left), row.due);
  }
  EXPECT_FALSE(due_warning({}, 1min));
}

TEST(ExpiryAlert, ComesWithEachWarningAndNamesWhoseCertificateItIs) {
  EXPECT_FALSE(alert_with_left(31 * 24h));
  const std::optional<Alert> alert = alert_with_left(10 * 24h);
  ASSERT_TRUE(alert);
  EXPECT_EQ(alert->kind, "certificate.expiry");
  EXPECT_EQ(alert->subject,
            "the client certificate of 192.0.2.9 on connector partners expires in 10 d");
  EXPECT_NE(alert->text.find("CN=mail.fabrikam.com is valid until 2044-01-01"), std::string::npos)
      << alert->text;
  EXPECT_NE(alert->text.find("Ask for renewal."), std::string::npos);
  EXPECT_EQ(parse_json(alert->json).value()["sha256"], leaf().sha256());
}

TEST(ExpiryAlert, IsOneForACertificateAndAWarningWhereverItIsMet) {
  const Time day = leaf().not_after() - 10 * 24h;
  const auto here = expiry_alert(leaf(), "a", "", kWarnings, day);
  const auto there = expiry_alert(leaf(), "b", "", kWarnings, day + 24h);
  EXPECT_EQ(here->key, there->key);
  EXPECT_NE(here->key, alert_with_left(2 * 24h)->key) << "the next warning is another one";
  EXPECT_NE(alert_with_left(1min)->key, alert_with_left(-1min)->key) << "and its end a third";
}

TEST(ExpiryAlert, ItsEndIsToldThoughNoWarningIsConfigured) {
  const Time after = leaf().not_after() + 1s;
  const auto alert = expiry_alert(leaf(), "certificate hybrid", "", {}, after);
  ASSERT_TRUE(alert);
  EXPECT_EQ(alert->subject, "certificate hybrid has expired");
  EXPECT_FALSE(expiry_alert(leaf(), "certificate hybrid", "", {}, leaf().not_after()))
      << "notAfter is valid still";
}

}  // namespace
}  // namespace postern::relay
