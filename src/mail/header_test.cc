#include "mail/header.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/text.h"

namespace postern::mail {
namespace {

using namespace std::string_literals;

struct Filtered {
  std::string out;
  HeaderFacts facts;
};

// Feeds `message` in pieces of `step` octets.
Filtered filter(std::string_view message, std::size_t step) {
  HeaderFilter f(is_organization_header);
  Filtered result;
  for (std::size_t i = 0; i < message.size(); i += step) {
    EXPECT_TRUE(f.feed(message.substr(i, step), result.out));
  }
  EXPECT_TRUE(f.finish(result.out));
  result.facts = f.facts();
  return result;
}

// The output, which must be the same in every segmentation.
std::string kept(std::string_view message) {
  const std::string whole = filter(message, message.size() + 1).out;
  for (const std::size_t step : {1U, 2U, 3U, 7U}) {
    EXPECT_EQ(filter(message, step).out, whole) << step;
  }
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    HeaderFilter f(is_organization_header);
    std::string out;
    EXPECT_TRUE(f.feed(message.substr(0, cut), out));
    EXPECT_TRUE(f.feed(message.substr(cut), out));
    EXPECT_TRUE(f.finish(out));
    EXPECT_EQ(out, whole) << "cut at " << cut;
  }
  return whole;
}

TEST(HeaderFilter, KeepsEveryOctetWhereNothingIsDropped) {
  for (const std::string& message : {
           ""s,
           "\r\n"s,
           "\r\nbody\r\n"s,
           "A: b\r\n"s,
           "A: b"s,
           "A: b\r"s,
           "A:\r\n\r\n"s,
           "A: b\r\n\r\nbody\r\n"s,
           "A : b\r\n\tfolded\r\n  more\r\nB: c\r\n\r\n\r\n\r\nbody"s,
           "A: b\r\nno field\r\nC: d\r\n\r\nx"s,
           "A: b\r\n \r\nC: d\r\n\r\n"s,
           "A: \xFF\x01\0z\r\n\r\n\0\xFE"s,
           "A: b\r\n: c\r\n\r\n"s,
           "Subject: " + std::string(3000, 'x') + "\r\n\r\nbody"s,
       }) {
    EXPECT_EQ(kept(message), message);
  }
}

TEST(HeaderFilter, DropsAFieldWithAllItsFoldedLines) {
  EXPECT_EQ(
      kept("A: b\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\tx\r\n y\r\nC: d\r\n\r\nz"),
      "A: b\r\nC: d\r\n\r\nz");
  EXPECT_EQ(kept("X-MS-Exchange-Organization-SCL:-1\r\n\r\nz"), "\r\nz");
  EXPECT_EQ(kept("x-ms-exchange-FOREST-a: b\r\n"), "");
  EXPECT_EQ(kept("A: b\r\nX-MS-Exchange-CrossPremises-a: b"), "A: b\r\n");
  EXPECT_EQ(
      kept("A: b\r\nX-MS-Exchange-Organization-" + std::string(2000, 'a') + ": b\r\nC: d\r\n"),
      "A: b\r\nC: d\r\n");
}

TEST(HeaderFilter, TheFirewallIsNotEvadedByOddSyntax) {
  EXPECT_EQ(kept("A: b\r\nX-MS-Exchange-Organization-AuthAs : Internal\r\n\r\n"), "A: b\r\n\r\n");
  EXPECT_EQ(kept("A: b\r\nX-MS-Exchange-Organization-AuthAs\t: Internal\r\n\r\n"), "A: b\r\n\r\n");
  // Behind a line that is no field, and behind a line of blanks.
  EXPECT_EQ(kept("A: b\r\nno field\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\r\n"),
            "A: b\r\nno field\r\n\r\n");
  EXPECT_EQ(kept("A: b\r\n \r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\r\n"),
            "A: b\r\n \r\n\r\n");
  // Folded before its colon, with all its continuations.
  EXPECT_EQ(kept("A: b\r\nX-MS-Exchange-Organization-AuthAs\r\n : Internal\r\n\tx\r\nC: d\r\n\r\n"),
            "A: b\r\nC: d\r\n\r\n");
  EXPECT_EQ(kept("A: b\r\nX-MS-Exchange-Forest-A \t\r\n\r\n"), "A: b\r\n\r\n");
  // Behind octets that show as nothing.
  for (const std::string& lead : {"\0"s, "\x01"s, "\x0B\x0C"s, "\x7F"s, "\xEF\xBB\xBF"s, "\xA0"s}) {
    EXPECT_EQ(kept("A: b\r\n" + lead + "X-MS-Exchange-CrossPremises-A: b\r\n c\r\nC: d\r\n\r\n"),
              "A: b\r\nC: d\r\n\r\n");
  }
  // Not from the body, and not what only looks alike.
  const std::string body = "A: b\r\n\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n";
  EXPECT_EQ(kept(body), body);
  const std::string other = "X-MS-Exchange-Organization: x\r\nX-MS-Has-Attach: y\r\n\r\n";
  EXPECT_EQ(kept(other), other);
}

TEST(HeaderFilter, AMessageWithoutHeaderFieldsIsBodyAfterAnEmptyLine) {
  for (const std::string& body : {
           "plain words\r\nX-MS-Exchange-Organization-A: b\r\n"s,
           "no-colon\r\n"s,
           "x"s,
           " folded: x\r\n"s,
           ": no name\r\n"s,
           "From a@b Mon Jan 1\r\nA: b\r\n\r\n"s,
           "\r"s,
           "\n"s,
           "\rA: b\r\n"s,
           "a b: c\r\n"s,
           std::string(5000, 'x'),
           "\x80: y\r\n"s,
       }) {
    EXPECT_EQ(kept(body), "\r\n" + body);
    EXPECT_EQ(filter(body, 1).facts.header_octets, 2U);
  }
}

TEST(HeaderFilter, BoundsTheHeaderSectionInAnySegmentation) {
  const std::string long_header = "A: " + std::string(kMaxHeaderOctets, 'x') + "\r\n\r\n";
  std::string many_fields;
  for (std::size_t i = 0; i <= kMaxHeaderFields; ++i) many_fields += "A: b\r\n";
  for (const std::string& message : {long_header, many_fields}) {
    for (const std::size_t step : {std::size_t{1000}, message.size()}) {
      HeaderFilter f(nullptr);
      std::string out;
      bool refused = false;
      for (std::size_t i = 0; i < message.size() && !refused; i += step) {
        refused = !f.feed(std::string_view(message).substr(i, step), out);
      }
      EXPECT_TRUE(refused);
    }
  }
  // A body may be as long as it likes, with a header section or without.
  const std::string body(kMaxHeaderOctets * 2, 'x');
  EXPECT_EQ(filter("A: b\r\n\r\n" + body, 65536).out.size(), 8 + body.size());
  EXPECT_EQ(filter(body, 65536).out.size(), 2 + body.size());
}

TEST(HeaderFacts, AreTakenFromUnfoldedValues) {
  const std::string header =
      "Received: from a\r\n\tby b; now\r\nRECEIVED : from c\r\nMessage-ID:\r\n <1@a.test> \r\n"
      "Message-ID: <2@a.test>\r\nSubject: one\r\n\ttwo  three \r\nFrom: a@b\r\nDate: now\r\n\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}, header.size()}) {
    const HeaderFacts facts = filter(header + "Received: body", step).facts;
    EXPECT_EQ(facts.received_count, 2U);
    EXPECT_EQ(facts.message_id, "<1@a.test>");
    EXPECT_EQ(facts.subject, "one\ttwo  three");
    EXPECT_TRUE(facts.has_from);
    EXPECT_TRUE(facts.has_date);
    EXPECT_FALSE(facts.auto_submitted);
    EXPECT_FALSE(facts.list_mail);
    EXPECT_EQ(facts.header_octets, header.size());
  }
}

TEST(HeaderFacts, KnowAutomaticAndListMail) {
  struct Case {
    const char* field;
    bool auto_submitted;
    bool list_mail;
  };
  for (const Case& c : {
           Case{"Auto-Submitted: auto-replied\r\n", true, false},
           Case{"auto-submitted: auto-generated; x=y\r\n", true, false},
           Case{"Auto-Submitted: No\r\n", false, false},
           Case{"Auto-Submitted: no (really); x=y\r\n", false, false},
           Case{"Auto-Submitted:\r\n", false, false},
           Case{"List-Id: <a.b>\r\n", false, true},
           Case{"List-Unsubscribe: <mailto:a@b>\r\n", false, true},
           Case{"Precedence: Bulk\r\n", false, true},
           Case{"Precedence: list", false, true},
           Case{"Precedence: junk\r\n", false, true},
           Case{"Precedence: urgent\r\n", false, false},
           Case{"\r\nPrecedence: bulk\r\n", false, false},
           Case{"A: b\r\n Precedence: bulk\r\n", false, false},
       }) {
    const HeaderFacts facts = filter(c.field, 3).facts;
    EXPECT_EQ(facts.auto_submitted, c.auto_submitted) << c.field;
    EXPECT_EQ(facts.list_mail, c.list_mail) << c.field;
  }
}

TEST(HeaderFacts, CountDroppedFieldsButOctetsOfWhatIsPassedOn) {
  HeaderFilter f([](std::string_view name) { return iequals(name, "Received"); });
  std::string out;
  ASSERT_TRUE(f.feed("Received: a\r\nSubject: " + std::string(2000, 's') + "\r\n\r\nx", out));
  EXPECT_EQ(f.facts().received_count, 1U);
  EXPECT_EQ(f.facts().subject.size(), kMaxLineOctets);
  EXPECT_EQ(f.facts().header_octets, out.size() - 1);
}

ReceivedField sample() {
  ReceivedField field;
  field.helo = "mail.fabrikam.com";
  field.client_address = "192.0.2.7";
  field.by = "edge1.contoso.com";
  field.with = "ESMTPS";
  field.id = "0K3V7Q2M9X4TR";
  field.tls_version = "TLSv1.3";
  field.tls_cipher = "TLS_AES_256_GCM_SHA384";
  field.client_certificate = "mail.fabrikam.com";
  field.for_recipient = "bob@contoso.com";
  field.time = parse_rfc3339("2026-11-21T02:20:00Z").value();
  return field;
}

TEST(Received, HasTheClausesInOrder) {
  EXPECT_EQ(format_received(sample()),
            "Received: from mail.fabrikam.com ([192.0.2.7])\r\n"
            "\t(TLSv1.3, client certificate mail.fabrikam.com)\r\n"
            "\tby edge1.contoso.com with ESMTPS id 0K3V7Q2M9X4TR\r\n"
            "\tfor <bob@contoso.com>\r\n"
            "\ttls TLS_AES_256_GCM_SHA384;\r\n"
            "\tSat, 21 Nov 2026 02:20:00 +0000\r\n");
  ReceivedField plain = sample();
  plain.helo = "[IPv6:2001:db8::1]";
  plain.client_address = "2001:db8::1";
  plain.with = "ESMTP";
  plain.tls_version.clear();
  plain.for_recipient.clear();
  EXPECT_EQ(format_received(plain),
            "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n"
            "\tby edge1.contoso.com with ESMTP id 0K3V7Q2M9X4TR;\r\n"
            "\tSat, 21 Nov 2026 02:20:00 +0000\r\n");
}

TEST(Received, HostileValuesInjectNothing) {
  ReceivedField field = sample();
  const std::string evil = "a)\r\nX-Evil: (b; c\0d\xFF\\ <e>"s + std::string(5000, 'x');
  field.helo = field.client_address = field.id = field.with = field.tls_version = field.tls_cipher =
      field.client_certificate = field.for_recipient = evil;
  const std::string out = format_received(field);
  EXPECT_EQ(out.find("\r\nX"), std::string::npos);
  EXPECT_EQ(std::count(out.begin(), out.end(), ';'),
            4);  // three in the comment, one before the date
  EXPECT_EQ(std::count(out.begin(), out.end(), '('), 2);
  EXPECT_EQ(std::count(out.begin(), out.end(), ')'), 2);
  EXPECT_EQ(out.find("for <"), std::string::npos);
  EXPECT_EQ(out.find('\0'), std::string::npos);
  for (const std::string_view line : split(out, '\n')) {
    EXPECT_LE(line.size(), kMaxLineOctets + 1);
    EXPECT_TRUE(line.empty() || line.starts_with('\t') || line.starts_with("Received: "));
  }
  field.helo.clear();
  EXPECT_TRUE(format_received(field).starts_with("Received: from unknown ("));
}

TEST(Received, ACipherNameOfAnotherKindStandsInTheComment) {
  ReceivedField field = sample();
  field.tls_cipher = "ECDHE-RSA-AES256-GCM-SHA384";
  field.client_certificate.clear();
  EXPECT_NE(format_received(field).find("\t(TLSv1.3 ECDHE-RSA-AES256-GCM-SHA384)\r\n"),
            std::string::npos);
  EXPECT_EQ(format_received(field).find("\ttls "), std::string::npos);
}

}  // namespace
}  // namespace postern::mail
