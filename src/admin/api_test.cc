#include "admin/api.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace postern::admin {
namespace {

Call get(std::string target) {
  return parse_request({"GET", std::move(target), ""});
}
Call post(std::string target, std::string body) {
  return parse_request({"POST", std::move(target), std::move(body)});
}
Time at(const char* text) {
  return *parse_rfc3339(text);
}
template <class T>
T parsed(const Request& request) {
  Call call = parse_request(request);
  const auto* refusal = std::get_if<Refusal>(&call);
  EXPECT_EQ(refusal, nullptr) << (refusal != nullptr ? refusal->error : "");
  const auto* wanted = std::get_if<T>(&call);
  return wanted != nullptr ? *wanted : T{};
}

TEST(AdminApi, EveryCallIsReadBackAsItWasWritten) {
  EXPECT_TRUE(std::holds_alternative<GetStatus>(parse_request(make_request(GetStatus{}))));
  EXPECT_TRUE(std::holds_alternative<GetQueue>(parse_request(make_request(GetQueue{}))));
  EXPECT_TRUE(std::holds_alternative<Reload>(parse_request(make_request(Reload{}))));
  EXPECT_EQ(parsed<GetMessage>(make_request(GetMessage{MessageId(77)})).id, MessageId(77));
  EXPECT_EQ(parsed<GetVerdict>(make_request(GetVerdict{VerdictId(78)})).id, VerdictId(78));
  EXPECT_TRUE(
      std::holds_alternative<GetCertificates>(parse_request(make_request(GetCertificates{}))));
  EXPECT_EQ(parsed<GetTrust>(make_request(GetTrust{"a&b"})).set, "a&b");
  const auto selection = parsed<GetSelection>(make_request(GetSelection{"apps", "mx.example"}));
  EXPECT_EQ(selection.connector, "apps");
  EXPECT_EQ(selection.sni, "mx.example");
  EXPECT_EQ(parsed<Retry>(make_request(Retry{"mx.example:25"})).destination, "mx.example:25");
  EXPECT_EQ(parsed<Retry>(make_request(Retry{})).destination, "");
}

TEST(AdminApi, FilterOfATraceSurvivesAnyOctetsInIt) {
  GetTrace call;
  call.filter.sender = "a+b@contoso.com";
  call.filter.recipient = "\"odd & = % ?\"@f\xc3\xa4r.example";
  call.filter.message_id = "<1%zz@x>";
  call.filter.destination = "partner.example";
  call.filter.code = "name-mismatch";
  call.filter.since = at("2026-11-21T02:20:00Z");
  call.filter.until = at("2026-11-22T02:20:00.5Z");
  call.filter.status = store::Status::pending;
  call.filter.limit = 7;
  const store::TraceFilter out = parsed<GetTrace>(make_request(call)).filter;
  EXPECT_EQ(out.sender, call.filter.sender);
  EXPECT_EQ(out.recipient, call.filter.recipient);
  EXPECT_EQ(out.message_id, call.filter.message_id);
  EXPECT_EQ(out.destination, call.filter.destination);
  EXPECT_EQ(out.code, call.filter.code);
  EXPECT_EQ(out.since, call.filter.since);
  EXPECT_EQ(out.until, call.filter.until);
  EXPECT_EQ(out.status, call.filter.status);
  EXPECT_EQ(out.limit, 7U);
}

TEST(AdminApi, SelectorOfAChangeIsReadBack) {
  Change call;
  call.action = relay::Action::extend;
  call.selector.ids = {MessageId(1), MessageId(2)};
  call.selector.filter.recipient = "@partner.example";
  call.extend_until = at("2026-12-01T00:00:00Z");
  const Change out = parsed<Change>(make_request(call));
  EXPECT_EQ(out.action, relay::Action::extend);
  EXPECT_EQ(out.selector.ids, call.selector.ids);
  EXPECT_EQ(out.selector.filter.recipient, "@partner.example");
  EXPECT_EQ(out.extend_until, call.extend_until);
  EXPECT_FALSE(out.all);
}

TEST(AdminApi, ExceptionIsReadBack) {
  Allow call;
  call.blocker = "0K3V7Q2M9X4TR";
  call.exception = {"expired", at("2026-12-01T00:00:00Z"), "ops", "CR 4711"};
  const Allow out = parsed<Allow>(make_request(call));
  EXPECT_EQ(out.blocker, call.blocker);
  EXPECT_EQ(out.exception.accept, "expired");
  EXPECT_EQ(out.exception.until, call.exception.until);
  EXPECT_EQ(out.exception.by, "ops");
  EXPECT_EQ(out.exception.why, "CR 4711");
}

TEST(AdminApi, AChangeWithoutSelectorIsNeverTheWholeQueue) {
  for (const char* verb : {"hold", "release", "return", "extend", "resubmit"}) {
    const std::string target = std::string("/v1/queue/") + verb;
    for (const char* body : {"", "{}", R"({"ids":[]})", R"({"sender":""})", R"({"all":false})"}) {
      const Call call = post(target, body);
      ASSERT_TRUE(std::holds_alternative<Refusal>(call)) << verb << " " << body;
      EXPECT_EQ(std::get<Refusal>(call).status, 400U);
    }
    EXPECT_TRUE(std::holds_alternative<Change>(post(target, R"({"all":true})"))) << verb;
    EXPECT_TRUE(std::holds_alternative<Refusal>(post(target, R"({"all":true,"code":"expired"})")))
        << verb;
  }
}

TEST(AdminApi, RefusalsSayWhatWouldBeRight) {
  struct Case {
    Call call;
    unsigned status;
    const char* words;
  };
  const Case cases[] = {
      {get("/"), 404, "no such resource"},
      {get("/v1/messages/xyz"), 404, "no message id"},
      {get("/v1/verdicts/"), 404, "no verdict id"},
      {get("/v1/trace?colour=red"), 400, "sender, recipient"},
      {get("/v1/trace?limit=0"), 400, "from 1 to"},
      {get("/v1/trace?limit=99999999"), 400, "from 1 to"},
      {get("/v1/trace?since=yesterday"), 400, "like 2026-"},
      {get("/v1/trace?status=stuck"), 400, "one of pending"},
      {get("/v1/trace?sender=%4"), 400, "percent-encoded"},
      {get("/v1/trace?sender=%g1"), 400, "percent-encoded"},
      {get("/v1/certificates/selection"), 400, "which one"},
      {get("/v1/certificates/selection?name=x"), 400, "connector and sni are"},
      {get("/v1/trust?name=x"), 400, "set is"},
      {parse_request({"DELETE", "/v1/queue", ""}), 405, "GET and POST"},
      {get("/v1/" + std::string(kMaxTargetOctets, 'a')), 414, "too long"},
      {post("/v1/queue/hold", std::string(kMaxRequestOctets + 1, ' ')), 413, "too large"},
      {post("/v1/queue/hold", "{"), 400, "no JSON"},
      {post("/v1/queue/hold", "[]"), 400, "JSON object"},
      {post("/v1/queue/hold", R"({"ids":"x"})"), 400, "list of message ids"},
      {post("/v1/queue/hold", R"({"ids":["x"]})"), 400, "no message id"},
      {post("/v1/queue/hold", R"({"sender":1})"), 400, "must be a string"},
      {post("/v1/queue/hold", R"({"everything":"yes"})"), 400, "no field of a selector"},
      {post("/v1/queue/hold", R"({"all":true,"extend_until":"2026-12-01T00:00:00Z"})"), 400,
       "belongs to extend"},
      {post("/v1/queue/drop", "{}"), 404, "no such resource"},
      {post("/v1/queue/allow", "{}"), 400, "blocker"},
      {post("/v1/queue/allow", R"({"blocker":"x"})"), 400, "accept"},
      {post("/v1/queue/allow", R"({"blocker":"x","accept":"expired"})"), 400, "until"},
      {post("/v1/status", ""), 404, "no such resource"},
  };
  for (const Case& one : cases) {
    const auto* refusal = std::get_if<Refusal>(&one.call);
    ASSERT_NE(refusal, nullptr) << one.words;
    EXPECT_EQ(refusal->status, one.status) << refusal->error;
    EXPECT_NE(refusal->error.find(one.words), std::string::npos) << refusal->error;
  }
}

TEST(AdminApi, HostileTextComesBackPrintable) {
  const Call call = get(std::string("/v1/messages/\x1b[31m\r\n\0", 20));
  ASSERT_TRUE(std::holds_alternative<Refusal>(call));
  const Response response = error_response(404, std::get<Refusal>(call).error);
  EXPECT_EQ(response.body.find('\x1b'), std::string::npos);
  EXPECT_EQ(response.body.find('\r'), std::string::npos);
  EXPECT_TRUE(parse_json(response.body));
}

}  // namespace
}  // namespace postern::admin
