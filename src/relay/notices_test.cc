#include "relay/notices.h"

#include <gtest/gtest.h>

namespace postern::relay {
namespace {

store::MessageFacts facts(bool known) {
  store::MessageFacts out;
  out.reverse_path = mail::parse_mailbox("alice@contoso.com").value();
  out.notify_sender = known;
  return out;
}

mail::Recipient recipient(unsigned notify) {
  mail::Recipient out;
  out.mailbox = mail::parse_mailbox("bob@partner.example").value();
  out.notify = notify;
  return out;
}

TEST(Notices, FailureIsToldUnlessNotifySaysOtherwise) {
  EXPECT_TRUE(wants_failure_notice(facts(false), recipient(0)));
  EXPECT_TRUE(wants_failure_notice(facts(false), recipient(mail::kNotifyFailure)));
  EXPECT_FALSE(wants_failure_notice(facts(false), recipient(mail::kNotifyNever)));
  EXPECT_FALSE(wants_failure_notice(facts(false), recipient(mail::kNotifySuccess)));
}

TEST(Notices, DelayIsToldToKnownSendersOnly) {
  EXPECT_TRUE(wants_delay_notice(facts(true), recipient(0)));
  EXPECT_FALSE(wants_delay_notice(facts(false), recipient(0)));
  EXPECT_FALSE(wants_delay_notice(facts(true), recipient(mail::kNotifyFailure)));
  store::MessageFacts automatic = facts(true);
  automatic.auto_submitted = true;
  EXPECT_FALSE(wants_delay_notice(automatic, recipient(0)));
  store::MessageFacts list = facts(true);
  list.list_mail = true;
  EXPECT_FALSE(wants_delay_notice(list, recipient(0)));
}

TEST(Notices, NothingIsEverToldToTheNullReversePath) {
  store::MessageFacts null = facts(true);
  null.reverse_path = mail::Mailbox();
  for (const unsigned notify : {0U, 2U, 4U, 8U, 14U}) {
    EXPECT_FALSE(wants_failure_notice(null, recipient(notify)));
    EXPECT_FALSE(wants_delay_notice(null, recipient(notify)));
    EXPECT_FALSE(wants_success_notice(null, recipient(notify)));
  }
}

TEST(Notices, SuccessIsToldOnlyWhenAsked) {
  EXPECT_FALSE(wants_success_notice(facts(true), recipient(0)));
  EXPECT_TRUE(wants_success_notice(facts(true), recipient(mail::kNotifySuccess)));
}

}  // namespace
}  // namespace postern::relay
