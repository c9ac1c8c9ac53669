// The client against a server on loopback, which `fetch_allow` must list.
#include "fetch/client.h"

#include <cstdlib>
#include <future>
#include <latch>
#include <list>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/answer.h"
#include "fetch/cache.h"
#include "fetch/testing/http_server.h"
#include "io/executor.h"
#include "x509/revocation_fetch.h"
#include "x509/testing/factory.h"

namespace postern::fetch {
namespace {

namespace factory = x509::testing;
using ::testing::HasSubstr;
using testing::http_ok;
using testing::http_status;
using testing::HttpRequest;
using testing::HttpServer;
using verdict::FetchKind;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();
const Duration kLong = 20s;
const factory::Issued kRoot = factory::make_root("Root");
const factory::Issued kLeaf = factory::make_leaf(kRoot, "mail.contoso.com");
const std::string kCrl = factory::make_crl(kRoot, {});
const std::string kOcsp = factory::make_ocsp(kRoot, kLeaf.certificate, {});

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override { runtime_.start(); }
  void TearDown() override { runtime_.stop(); }

  static Settings allowing_loopback() {
    return {{mail::Network::parse("127.0.0.0/8").value()}, "none"};
  }
  static io::Task<void> run(Client& client, std::vector<Request> requests, Duration limit,
                            std::promise<std::vector<Answer>>& out) {
    std::vector<Answer> answers = co_await client.fetch(std::move(requests), limit);
    out.set_value(std::move(answers));
  }
  std::future<std::vector<Answer>> begin(std::vector<Request> requests, Duration limit = kLong) {
    promises_.emplace_back();
    runtime_.main().spawn("test", run(client_, std::move(requests), limit, promises_.back()));
    return promises_.back().get_future();
  }
  Answer fetch(Request request, Duration limit = kLong) {
    return begin({std::move(request)}, limit).get().front();
  }
  Answer fetch_crl(const std::string& url) { return fetch({FetchKind::crl, url, {}}); }
  static Request ocsp_at(const std::string& url) {
    return {FetchKind::ocsp, url, x509::ocsp_request(kLeaf.certificate, kRoot.certificate).value()};
  }

  io::Runtime runtime_{1, 1};
  ManualClock clock_{kNow};
  std::list<std::promise<std::vector<Answer>>> promises_;
  Client client_{clock_, allowing_loopback()};
};

TEST_F(ClientTest, ACrlComesOnceAndThenFromTheCache) {
  HttpServer server([](const HttpRequest&) { return http_ok(kCrl); });
  const Answer first = fetch_crl(server.url("/x.crl"));
  ASSERT_TRUE(first.ok()) << first.error;
  EXPECT_EQ(*first.body, kCrl);
  EXPECT_FALSE(first.cached);
  EXPECT_TRUE(fetch_crl(server.url("/x.crl")).cached);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ClientTest, OcspGoesByGetWhereItIsSmall) {
  HttpServer server([](const HttpRequest&) { return http_ok(kOcsp); });
  EXPECT_TRUE(fetch(ocsp_at(server.url("/ocsp"))).ok());
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].method, "GET");
  EXPECT_TRUE(server.requests()[0].path.starts_with("/ocsp/M"));
}

TEST_F(ClientTest, OcspGoesByPostWhereGetIsNotTaken) {
  HttpServer server([](const HttpRequest& request) {
    return request.method == "POST" ? http_ok(kOcsp) : http_status(405);
  });
  const Request request = ocsp_at(server.url("/ocsp"));
  EXPECT_TRUE(fetch(request).ok());
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(server.requests()[1].path, "/ocsp");
  EXPECT_EQ(server.requests()[1].body, request.ocsp_request);
  EXPECT_THAT(server.requests()[1].headers, HasSubstr("Content-Type: application/ocsp-request"));
}

TEST_F(ClientTest, AnIssuerIsFetched) {
  HttpServer server([](const HttpRequest&) { return http_ok(kRoot.certificate.der()); });
  EXPECT_TRUE(fetch({FetchKind::aia, server.url("/root.cer"), {}}).ok());
}

TEST_F(ClientTest, FailuresAreToldInWordsAndRememberedForAWhile) {
  HttpServer server([](const HttpRequest& request) {
    if (request.path == "/404") return http_status(404);
    if (request.path == "/page") return http_ok("<html>Sign in</html>");
    return std::string();
  });
  EXPECT_EQ(fetch_crl(server.url("/404")).error, "HTTP status 404");
  EXPECT_EQ(fetch_crl(server.url("/page")).error, "this is no CRL (it is a web page)");
  EXPECT_EQ(fetch_crl(server.url("/closed")).error,
            "the server closed the connection without an answer");
  const std::size_t asked = server.connections();
  EXPECT_TRUE(fetch_crl(server.url("/404")).cached);
  EXPECT_EQ(server.connections(), asked);
  clock_.advance(kMinFailed);
  EXPECT_FALSE(fetch_crl(server.url("/404")).cached);
  EXPECT_EQ(server.connections(), asked + 1);
}

TEST_F(ClientTest, ARefusedConnectionSaysSo) {
  std::string url;
  {
    HttpServer gone([](const HttpRequest&) { return std::string(); });
    url = gone.url("/x.crl");
  }
  EXPECT_EQ(fetch_crl(url).error, "cannot connect: Connection refused");
}

TEST_F(ClientTest, WithoutPermissionLoopbackIsNotConnectedTo) {
  HttpServer server([](const HttpRequest&) { return http_ok(kCrl); });
  client_.set_settings({{}, "none"});
  EXPECT_THAT(fetch_crl(server.url("/x.crl")).error,
              HasSubstr("not asked: 127.0.0.1 is a loopback address"));
  // A name is judged by the address it leads to.
  const std::string by_name = "http://localhost:" + std::to_string(server.port()) + "/x.crl";
  EXPECT_THAT(fetch_crl(by_name).error, HasSubstr("is a loopback address"));
  EXPECT_EQ(server.connections(), 0U);
  client_.set_settings({{mail::DomainPattern::parse("localhost").value()}, "none"});
  EXPECT_TRUE(fetch_crl(by_name).ok()) << "a new permission counts at once";
}

TEST_F(ClientTest, OtherSchemesAreNotFollowed) {
  for (const char* url : {"file:///etc/passwd", "ldap://dc1.contoso.com/CN=x", "ftp://x.example/"})
    EXPECT_EQ(fetch_crl(url).error, "not followed: only http and https are") << url;
}

TEST_F(ClientTest, ARedirectStaysOnItsHost) {
  HttpServer server([](const HttpRequest& request) {
    if (request.path == "/moved") return http_status(301, "Location: /x.crl\r\n");
    if (request.path == "/away") return http_status(302, "Location: http://127.0.0.2/x\r\n");
    if (request.path == "/file") return http_status(302, "Location: file:///etc/passwd\r\n");
    if (request.path == "/round") return http_status(302, "Location: /round\r\n");
    return http_ok(kCrl);
  });
  EXPECT_TRUE(fetch_crl(server.url("/moved")).ok());
  EXPECT_THAT(fetch_crl(server.url("/away")).error, HasSubstr("another host, 127.0.0.2"));
  EXPECT_THAT(fetch_crl(server.url("/file")).error, HasSubstr("only http and https"));
  EXPECT_THAT(fetch_crl(server.url("/round")).error, HasSubstr("more than 3 times"));
}

TEST_F(ClientTest, AnAnswerWithoutEndIsCutOff) {
  const std::string endless(kMaxFetchedOcspOctets + 100, 'x');
  HttpServer server([&](const HttpRequest& request) {
    // With its length said, and without.
    return request.path.starts_with("/said") ? http_ok(endless)
                                             : "HTTP/1.0 200 OK\r\n\r\n" + endless;
  });
  EXPECT_THAT(fetch(ocsp_at(server.url("/said"))).error, HasSubstr("longer than"));
  EXPECT_THAT(fetch(ocsp_at(server.url("/unsaid"))).error, HasSubstr("longer than"));
}

TEST_F(ClientTest, EqualRequestsUnderWayAreOne) {
  std::latch released(1);
  HttpServer server([&](const HttpRequest&) {
    released.wait();
    return http_ok(kCrl);
  });
  std::vector<std::future<std::vector<Answer>>> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(begin({{FetchKind::crl, server.url("/x"), {}}}));
  released.count_down();
  for (auto& one : waiting) EXPECT_TRUE(one.get().front().ok());
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ClientTest, WhoDoesNotWaitLongerLeavesAnAnswerForTheNext) {
  std::latch released(1);
  HttpServer server([&](const HttpRequest&) {
    released.wait();
    return http_ok(kCrl);
  });
  const Request request{FetchKind::crl, server.url("/slow.crl"), {}};
  EXPECT_EQ(fetch(request, 50ms).error, "no answer in time");
  released.count_down();
  EXPECT_TRUE(fetch(request).ok());
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ClientTest, AHostIsAskedSoManyTimesAMinute) {
  HttpServer server([](const HttpRequest&) { return http_status(404); });
  std::vector<Request> many;
  for (std::size_t i = 0; i < kMaxStartsPerHost + 5; ++i)
    many.push_back({FetchKind::crl, server.url("/" + std::to_string(i)), {}});
  const std::vector<Answer> answers = begin(many).get();
  EXPECT_EQ(std::ranges::count(answers, "HTTP status 404", &Answer::error),
            static_cast<std::ptrdiff_t>(kMaxStartsPerHost));
  EXPECT_THAT(answers.back().error, HasSubstr("times within a minute"));
}

TEST_F(ClientTest, WhatSettlesNothingIsAskedForAgainSoon) {
  HttpServer server([](const HttpRequest&) { return http_ok(kCrl); });
  const Request request{FetchKind::crl, server.url("/x.crl"), {}};
  EXPECT_TRUE(fetch(request).ok());
  client_.settled_nothing(request);
  clock_.advance(kMinFailed);
  EXPECT_FALSE(fetch(request).cached);
}

TEST_F(ClientTest, AProxyIsAskedForNamesAndNotForLiteralsInside) {
  HttpServer proxy([](const HttpRequest&) { return http_ok(kCrl); });
  client_.set_settings({{}, "http://127.0.0.1:" + std::to_string(proxy.port())});
  EXPECT_TRUE(fetch_crl("http://crl.nowhere.example/x.crl").ok());
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_EQ(proxy.requests()[0].path, "http://crl.nowhere.example/x.crl");
  EXPECT_THAT(fetch_crl("http://192.168.0.1/x.crl").error, HasSubstr("a private address"));
  EXPECT_EQ(proxy.connections(), 1U);
}

TEST_F(ClientTest, APolicyIsAskedForOverHttpsOnly) {
  HttpServer server([](const HttpRequest&) { return http_ok("version: STSv1"); });
  const std::string plain = server.url("/.well-known/mta-sts.txt");
  EXPECT_EQ(fetch({FetchKind::mta_sts, plain, {}}).error, "not asked: over https only");
  EXPECT_EQ(server.connections(), 0U);
  // No TLS there: it fails, in words.
  const Answer secure = fetch({FetchKind::mta_sts, "https" + plain.substr(4), {}});
  EXPECT_FALSE(secure.ok());
  EXPECT_FALSE(secure.error.empty());
}

TEST_F(ClientTest, EndingTellsWhoStillWaits) {
  std::latch released(1);
  HttpServer server([&](const HttpRequest&) {
    released.wait();
    return std::string();
  });
  std::promise<std::vector<Answer>> out;
  auto client = std::make_unique<Client>(clock_, allowing_loopback());
  std::vector<Request> requests{{FetchKind::crl, server.url("/x"), {}}};
  std::future<std::vector<Answer>> answers = out.get_future();
  std::promise<void> begun;
  Client* raw = client.get();
  runtime_.main().spawn("test", run(*raw, requests, kLong, out));
  runtime_.main().post([&begun] { begun.set_value(); });
  begun.get_future().wait();
  client.reset();
  EXPECT_EQ(answers.get().front().error, "the program is ending");
  released.count_down();
}

}  // namespace
}  // namespace postern::fetch
