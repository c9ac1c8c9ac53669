#include "verdict/reply_words.h"

#include <gtest/gtest.h>

namespace postern::verdict {
namespace {

struct Row {
  int code;
  const char* text;
  bool starttls;
  bool blocklist;
  bool certificate;
};

// As servers in the field say it.
constexpr Row kRows[] = {
    {530, "5.7.0 Must issue a STARTTLS command first", true, false, false},
    {451, "5.7.3 STARTTLS is required to send mail", true, false, false},
    {530, "5.7.0 Encryption required for requested mechanism", true, false, false},
    {530, "5.7.0 Authentication required", false, false, false},
    {550, "5.7.1 Service unavailable; client host blocked using zen.spamhaus.org", false, true,
     false},
    {421, "4.7.1 mx.partner.example Error: No client certificate presented", false, false, true},
    {421, "4.7.1 mx.partner.example Error: Client certificate not trusted", false, false, true},
    {454, "4.7.5 Certificate validation failure", false, false, true},
    {550, "5.7.1 The null reverse-path is not taken here", false, false, false},
    {250, "2.0.0 STARTTLS", false, false, false},
};

TEST(ReplyWords, ARefusalIsReadForWhatItSpeaksOf) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.text);
    const mail::Reply reply = mail::Reply::from_peer(row.code, {row.text});
    EXPECT_EQ(demands_starttls(reply), row.starttls);
    EXPECT_EQ(speaks_of_blocklist(reply), row.blocklist);
    EXPECT_EQ(names_client_certificate(reply), row.certificate);
  }
}

}  // namespace
}  // namespace postern::verdict
