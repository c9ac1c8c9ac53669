// The contract of `postern verify --jsonl`, and what keeps a batch alive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "verdict/verify_json.h"
#include "x509/testing/factory.h"

namespace postern::verdict {
namespace {

using namespace x509::testing;  // the factory

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();

class VerifyJson : public ::testing::Test {
 protected:
  const Issued root = make_root("Root");
  const Issued inter = make_intermediate(root, "Intermediate");
  const Issued leaf = make_leaf(inter, "mail.contoso.com");

  Json request() const {
    return {{"id", "q1"},
            {"purpose", "smtp-server"},
            {"peer_chain", {leaf.certificate.pem(), inter.certificate.pem()}},
            {"trust_anchors", {root.certificate.pem()}},
            {"names", {{{"kind", "dns"}, {"value", "mail.contoso.com"}}}},
            {"time", nullptr},
            {"crls", Json::array()},
            {"max_path_length", nullptr},
            {"profile", "strict"}};
  }
  static Json ask(const std::string& line) {
    VerifyLines lines;
    return parse_json(lines.answer({line}, kNow)).value();
  }
  static Json ask(const Json& request) { return ask(dump_json(request)); }
  static std::string code(const Json& request) { return ask(request)["code"]; }
  Json with(const char* name, Json value) const {
    Json out = request();
    out[name] = std::move(value);
    return out;
  }
};

TEST_F(VerifyJson, ACleanChainIsAnsweredWithItsPath) {
  const Json answer = ask(request());
  EXPECT_EQ(answer["id"], "q1");
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["code"], "none");
  EXPECT_EQ(answer["chain"],
            Json({lower(leaf.certificate.sha256()), lower(inter.certificate.sha256()),
                  lower(root.certificate.sha256())}));
}

TEST_F(VerifyJson, EveryMemberButKeyUsageIsNeeded) {
  for (const auto& [name, value] : request().items()) {
    Json less = request();
    less.erase(name);
    const Json answer = ask(less);
    EXPECT_EQ(answer["code"], "bad-request") << name;
    EXPECT_EQ(answer["ok"], false);
    EXPECT_EQ(answer["id"], name == "id" ? Json() : Json("q1"));
    if (!value.is_null()) EXPECT_EQ(code(with(name.c_str(), 7)), "bad-request") << name;
  }
}

TEST_F(VerifyJson, WhatIsNoRequestIsAnsweredAndTheBatchGoesOn) {
  VerifyLines lines;
  for (const char* line : {"", "{", "[]", "null", "\xff", "{\"id\":7}", "{\"id\":\"a\"}"})
    EXPECT_EQ(parse_json(lines.answer({line}, kNow)).value()["code"], "bad-request") << line;
  EXPECT_EQ(parse_json(lines.answer({dump_json(request())}, kNow)).value()["ok"], true);
}

TEST_F(VerifyJson, OneNameOfAnyKindIsEnoughAndNoneIsNoCheck) {
  const auto name = [](const char* kind, const char* value) {
    return Json{{"kind", kind}, {"value", value}};
  };
  const std::pair<Json, const char*> cases[] = {
      {Json::array(), "none"},
      {{name("dns", "other.test"), name("dns", "MAIL.contoso.com.")}, "none"},
      {Json::array({name("dns", "other.test")}), "name-mismatch"},
      {Json::array({name("ip", "mail.contoso.com")}), "name-mismatch"},
      {Json::array({name("email", "mail.contoso.com")}), "name-mismatch"},
      {Json::array({name("uri", "mail.contoso.com")}), "bad-request"},
  };
  for (const auto& [names, expected] : cases)
    EXPECT_EQ(code(with("names", names)), expected) << dump_json(names);
}

TEST_F(VerifyJson, NamesAsPeopleWriteThem) {
  const Issued own = make_root("Own");
  const Issued one = issue(own, {.common_name = "x",
                                 .dns = {"xn--bcher-kva.test"},
                                 .ip = {"2001:db8::1"},
                                 .email = {"a@xn--bcher-kva.test"}});
  const std::pair<const char*, const char*> names[] = {
      {"dns", "b\u00fccher.test"}, {"ip", "[IPv6:2001:db8:0::1]"}, {"email", "a@b\u00fccher.test"}};
  Json question = with("peer_chain", Json::array({one.certificate.pem()}));
  question["trust_anchors"] = Json::array({own.certificate.pem()});
  for (const auto& [kind, value] : names) {
    question["names"] = Json::array({Json{{"kind", kind}, {"value", value}}});
    EXPECT_EQ(code(question), "none") << value;
  }
}

TEST_F(VerifyJson, ListsGivenMakeCoverageNecessary) {
  const Json both{pem_crl(make_crl(root, {})), pem_crl(make_crl(inter, {}))};
  EXPECT_EQ(code(with("crls", both)), "none");
  EXPECT_EQ(code(with("crls", Json::array({both[0]}))), "revocation-unreachable");
  EXPECT_EQ(code(with("crls", Json::array({"rubbish"}))), "revocation-unreachable");
  const std::string revoked = pem_crl(make_crl(inter, {.revoked = {{leaf.certificate}}}));
  EXPECT_EQ(code(with("crls", {both[0], revoked})), "revoked");
}

TEST_F(VerifyJson, ABagOfManyDifferentCertificatesIsALimitAndRepeatsAreNone) {
  Json chain = request()["peer_chain"];
  for (int i = 0; i < 1000; ++i) chain.push_back(inter.certificate.pem());
  chain.push_back("-----BEGIN CERTIFICATE-----\nrubbish");
  EXPECT_EQ(code(with("peer_chain", chain)), "none");
  for (int i = 0; i < 200; ++i) chain.push_back("different " + std::to_string(i));
  EXPECT_EQ(code(with("peer_chain", chain)), "limit");
  EXPECT_EQ(code(with("peer_chain", Json::array({"rubbish"}))), "malformed-certificate");
  EXPECT_EQ(code(with("peer_chain", Json::array())), "bad-request");
}

TEST(LineSplitter, ALineThatIsTooLongKeepsItsId) {
  const std::string lines =
      "{\"x\": {\"id\": \"inner\"}, \"y\": \"id\", \"id\" : \"q7\", \"z\": \"" +
      std::string(100, 'a') + "\"}\nshort\nlast";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, lines.size()}) {
    LineSplitter splitter(64);
    std::vector<LineSplitter::Line> found;
    for (std::size_t i = 0; i < lines.size(); i += piece) {
      std::string_view part = std::string_view(lines).substr(i, piece);
      while (!part.empty())
        if (auto line = splitter.take(part)) found.push_back(std::move(*line));
    }
    if (auto line = splitter.finish()) found.push_back(std::move(*line));
    ASSERT_EQ(found.size(), 3u);
    EXPECT_TRUE(found[0].too_long && found[0].text.empty());
    EXPECT_EQ(found[0].id, "q7");
    EXPECT_EQ(found[1].text, "short");
    EXPECT_EQ(found[2].text, "last");
    VerifyLines judge;
    EXPECT_EQ(parse_json(judge.answer(found[0], kNow)).value()["code"], "limit");
  }
}

}  // namespace
}  // namespace postern::verdict
