#include "observe/look.h"

#include <algorithm>
#include <future>

#include <gtest/gtest.h>

#include "net/listener.h"
#include "tls/testing/credentials.h"
#include "x509/testing/factory.h"

namespace postern::observe {
namespace {

using namespace std::chrono_literals;
using tls::testing::make_credential;
using tls::testing::make_server_context;
using verdict::Stage;
using verdict::Stop;

constexpr Duration kLong = 20s;  // never reached unless something is wrong

struct Pki {
  x509::testing::Issued root = x509::testing::make_root("Test Root");
  x509::testing::Issued server = x509::testing::make_leaf(root, "mx.partner.test");
  x509::testing::Issued client = x509::testing::make_leaf(root, "client.example.test");
};
const Pki& pki() {
  static const Pki made;
  return made;
}

// What a server says at each step. kStall: nothing, and it stays; kHangUp: it closes; kReset.
const std::string kStall = "stall", kHangUp = "hang up", kReset = "reset";
struct Script {
  std::string greeting = "220 mx.partner.test ESMTP\r\n";
  std::string ehlo = "250-mx.partner.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n";
  std::string helo = "250 mx.partner.test\r\n";
  std::string starttls = "220 2.0.0 go ahead\r\n";
  std::string tls_ehlo = "250-mx.partner.test\r\n250 PIPELINING\r\n";
  std::shared_ptr<const tls::ServerContext> tls;
  bool implicit = false;
  bool stall_in_handshake = false;
};

class Server {
 public:
  Server(std::unique_ptr<net::Stream> stream, Script script)
      : stream_(std::move(stream)), script_(std::move(script)) {}

  static io::Task<void> serve(std::shared_ptr<Server> self) {
    if (self->script_.implicit) {
      const auto done = co_await self->stream_->start_tls_server(self->script_.tls, kLong);
      if (!done) co_return;
    }
    const bool greeted = co_await self->say(self->script_.greeting);
    bool going = greeted;
    while (going) {
      const auto line = co_await self->stream_->read(kLong);
      if (!line) co_return;
      const std::string reply = self->reply_to(*line);
      going = co_await self->say(reply);
      const bool agreed = going && line->starts_with("STARTTLS") && reply.starts_with("220");
      if (agreed && self->script_.stall_in_handshake) going = co_await self->say(kStall);
      if (agreed && going) {
        const auto done = co_await self->stream_->start_tls_server(self->script_.tls, kLong);
        if (!done) co_return;
      }
    }
  }

 private:
  [[nodiscard]] std::string reply_to(const std::string& line) const {
    if (line.starts_with("EHLO")) return stream_->tls() ? script_.tls_ehlo : script_.ehlo;
    if (line.starts_with("HELO")) return script_.helo;
    if (line.starts_with("STARTTLS")) return script_.starttls;
    return line.starts_with("QUIT") ? "221 bye\r\n" : "500 what\r\n";
  }
  io::Task<bool> say(std::string what) {
    if (what == kHangUp) stream_->close();
    if (what == kReset) stream_->abort();
    if (what == kHangUp || what == kReset) co_return false;
    if (what == kStall) {
      for (bool open = true; open;) {  // until the client gives up
        const auto ignored = co_await stream_->read(kLong);
        open = ignored.has_value();
      }
      co_return false;
    }
    const auto said = co_await stream_->write(what, kLong);
    co_return said.has_value();
  }
  std::unique_ptr<net::Stream> stream_;
  Script script_;
};

class LookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime_.start();
    auto bound = net::Listener::bind(runtime_, {"127.0.0.1", 0});
    ASSERT_TRUE(bound);
    listener_ = std::move(*bound);
    script_.tls = make_server_context(make_credential(pki().server));
    listener_->start([this](std::unique_ptr<net::Stream> stream, io::Executor here) {
      auto server = std::make_shared<Server>(std::move(stream), script_);
      here.spawn("server", Server::serve(std::move(server)));
    });
    request_.target.host = "mx.partner.test";
    request_.target.address = "127.0.0.1";
    request_.target.port = listener_->port();
    request_.target.dns.mx = verdict::DnsEvidence::Status::secure;
    request_.helo = "gateway.test";
    request_.crls_der = {"crl"};
    request_.protocol = [this](char event, std::string_view data, std::string_view context) {
      log_.push_back(std::string(1, event) + " " + std::string(data) +
                     (context.empty() ? "" : " | " + std::string(context)));
    };
  }
  void TearDown() override {
    if (listener_) listener_->close();
    runtime_.stop();
  }

  static io::Task<void> deliver(io::Executor here, const Clock& clock, LookRequest request,
                                std::promise<verdict::Evidence>& out, bool& ready) {
    Look seen = co_await look(here, clock, std::move(request));
    ready = seen.ready != nullptr;
    if (seen.ready) {
      std::unique_ptr<ReadySession> session = std::move(seen.ready);
      co_await end_session(std::move(session), kLong);
    }
    out.set_value(std::move(seen.evidence));
  }
  verdict::Evidence run() {
    log_.clear();
    const io::Executor here = runtime_.next();
    std::promise<verdict::Evidence> out;
    here.spawn("look", deliver(here, clock_, request_, out, ready_));
    return out.get_future().get();
  }
  void start_over() {
    Script fresh;
    fresh.tls = script_.tls;
    script_ = std::move(fresh);
  }
  [[nodiscard]] bool logged(const std::string& line) const {
    return std::ranges::find(log_, line) != log_.end();
  }

  io::Runtime runtime_{2, 1};
  ManualClock clock_{Time(std::chrono::sys_days{std::chrono::November / 21 / 2026})};
  std::unique_ptr<net::Listener> listener_;
  Script script_;
  LookRequest request_;
  bool ready_ = false;
  std::vector<std::string> log_;
};

TEST_F(LookTest, TheWholeWayIsRecorded) {
  const verdict::Evidence seen = run();
  EXPECT_TRUE(ready_);
  EXPECT_EQ(seen.stage, Stage::done);
  EXPECT_EQ(seen.stop, Stop::none);
  EXPECT_EQ(seen.time, clock_.now());
  EXPECT_EQ(seen.dns.mx, verdict::DnsEvidence::Status::secure);
  EXPECT_EQ(seen.crls_der, std::vector<std::string>{"crl"});
  EXPECT_EQ(seen.smtp.greeting->code(), 220);
  EXPECT_TRUE(seen.smtp.starttls_offered);
  EXPECT_EQ(seen.smtp.keywords, (std::vector<std::string>{"SIZE 1000", "STARTTLS"}));
  EXPECT_EQ(seen.smtp.starttls_reply->str(), "220 2.0.0 go ahead");
  EXPECT_EQ(seen.smtp.tls_keywords, std::vector<std::string>{"PIPELINING"});
  EXPECT_TRUE(seen.tls.attempted && seen.tls.completed && seen.tls.confirmed);
  EXPECT_FALSE(seen.tls.implicit);
  EXPECT_EQ(seen.tls.sni, "mx.partner.test");
  EXPECT_EQ(seen.tls.presented.at(0), pki().server.certificate);
}

TEST_F(LookTest, TheProtocolLogHasEveryLine) {
  (void)run();
  for (const char* line : {"< 220 mx.partner.test ESMTP", "> EHLO gateway.test", "< 250 STARTTLS",
                           "> STARTTLS", "< 220 2.0.0 go ahead", "< 250 PIPELINING"})
    EXPECT_TRUE(logged(line)) << line;
  EXPECT_TRUE(log_.front().starts_with("+ 127.0.0.1:")) << log_.front() << ": our own endpoint";
  EXPECT_TRUE(std::ranges::any_of(log_, [](const std::string& line) {
    return line.starts_with("* TLSv1.3 ") && line.ends_with("| TLS negotiation succeeded");
  }));
}

TEST_F(LookTest, MutualTlsRecordsBothCertificates) {
  script_.tls = make_server_context(make_credential(pki().server), true);
  request_.tls.credential = make_credential(pki().client);
  const verdict::Evidence seen = run();
  EXPECT_TRUE(ready_);
  EXPECT_TRUE(seen.tls.certificate_requested);
  EXPECT_EQ(seen.tls.own_certificate, pki().client.certificate);
}

TEST_F(LookTest, AnotherNameOrNoneIsSentWhereTheCallerSaysSo) {
  request_.sni = "other.test";
  EXPECT_EQ(run().tls.sni, "other.test");
  request_.sni = "";
  EXPECT_EQ(run().tls.sni, "");
}

TEST_F(LookTest, TheWholeLookEndsInItsTime) {
  script_.ehlo = kStall;
  request_.overall = 200ms;
  const verdict::Evidence seen = run();
  EXPECT_EQ(seen.stage, Stage::ehlo);
  EXPECT_EQ(seen.stop, Stop::timeout);
}

TEST_F(LookTest, ImplicitTlsComesBeforeTheGreeting) {
  script_.implicit = request_.implicit_tls = true;
  const verdict::Evidence seen = run();
  EXPECT_TRUE(ready_);
  EXPECT_TRUE(seen.tls.implicit && seen.tls.confirmed);
  EXPECT_FALSE(seen.smtp.starttls_reply);
  EXPECT_EQ(seen.smtp.tls_keywords, std::vector<std::string>{"PIPELINING"});
}

TEST_F(LookTest, WithoutTlsStarttlsIsNotSent) {
  request_.use_tls = false;
  const verdict::Evidence seen = run();
  EXPECT_TRUE(ready_);
  EXPECT_TRUE(seen.smtp.starttls_offered);
  EXPECT_FALSE(seen.tls.attempted);
  EXPECT_FALSE(logged("> STARTTLS"));
}

TEST_F(LookTest, NotOfferedAndMaskedAreKeptAsTheyCame) {
  script_.greeting = "220 ****************\r\n";
  script_.ehlo = "250-mx.partner.test\r\n250 XXXXXXXA\r\n";
  const verdict::Evidence seen = run();
  EXPECT_TRUE(ready_) << "in the clear; the judge says whether that will do";
  EXPECT_EQ(seen.smtp.greeting->str(), "220 ****************");
  EXPECT_EQ(seen.smtp.keywords, std::vector<std::string>{"XXXXXXXA"});
  EXPECT_FALSE(seen.smtp.starttls_offered);
}

TEST_F(LookTest, AServerThatKnowsOnlyHeloIsToldApart) {
  script_.ehlo = "502 5.5.1 unknown\r\n";
  const verdict::Evidence seen = run();
  EXPECT_TRUE(ready_);
  EXPECT_TRUE(seen.smtp.helo_only);
  EXPECT_TRUE(logged("> HELO gateway.test"));
}

TEST_F(LookTest, RefusalsEndWhereTheyCome) {
  struct Case {
    const char* name;
    std::string Script::* step;
    std::string reply;
    Stage stage;
  };
  for (const Case& c :
       {Case{"greeting", &Script::greeting, "554 5.7.1 no\r\n", Stage::greeting},
        Case{"busy", &Script::greeting, "421 4.3.2 later\r\n", Stage::greeting},
        Case{"EHLO", &Script::ehlo, "450 4.7.1 wait\r\n", Stage::ehlo},
        Case{"in TLS", &Script::tls_ehlo, "454 4.7.5 not you\r\n", Stage::second_ehlo}}) {
    SCOPED_TRACE(c.name);
    start_over();
    script_.*c.step = c.reply;
    const verdict::Evidence seen = run();
    EXPECT_FALSE(ready_);
    EXPECT_EQ(seen.stage, c.stage);
    EXPECT_EQ(seen.stop, Stop::rejected);
    ASSERT_TRUE(seen.smtp.refusal);
    EXPECT_EQ(seen.smtp.refusal->str() + "\r\n", c.reply);
    EXPECT_EQ(seen.tls.confirmed, c.stage == Stage::second_ehlo);
  }
}

TEST_F(LookTest, RefusedStarttlsIsAReplyAndNoHandshake) {
  script_.starttls = "454 4.7.0 TLS not available\r\n";
  const verdict::Evidence seen = run();
  EXPECT_FALSE(ready_);
  EXPECT_EQ(seen.stage, Stage::starttls);
  EXPECT_EQ(seen.stop, Stop::rejected);
  EXPECT_EQ(seen.smtp.starttls_reply->code(), 454);
  EXPECT_FALSE(seen.tls.attempted);
}

TEST_F(LookTest, SilenceHangUpAndResetEndWhereTheyCome) {
  request_.timeouts.greeting = request_.timeouts.helo = request_.timeouts.starttls = 200ms;
  for (const auto& [step, stage] :
       {std::pair(&Script::greeting, Stage::greeting), std::pair(&Script::ehlo, Stage::ehlo),
        std::pair(&Script::starttls, Stage::starttls),
        std::pair(&Script::tls_ehlo, Stage::second_ehlo)}) {
    for (const auto& [what, stop] :
         {std::pair(kStall, Stop::timeout), std::pair(kHangUp, Stop::closed),
          std::pair(kReset, Stop::reset)}) {
      SCOPED_TRACE(std::string(to_string(stage)) + ", " + what);
      // A reset that comes before connect() has looked is one of connect().
      if (what == kReset && stage == Stage::greeting) continue;
      start_over();
      script_.*step = what;
      const verdict::Evidence seen = run();
      EXPECT_FALSE(ready_);
      EXPECT_EQ(seen.stage, stage);
      EXPECT_EQ(seen.stop, stop);
      EXPECT_FALSE(seen.tls.confirmed);
      EXPECT_EQ(seen.tls.completed, stage == Stage::second_ehlo);
    }
  }
}

TEST_F(LookTest, StallInTheHandshakeIsATimeoutThere) {
  script_.stall_in_handshake = true;
  request_.timeouts.handshake = 200ms;
  const verdict::Evidence seen = run();
  EXPECT_FALSE(ready_);
  EXPECT_EQ(seen.stage, Stage::handshake);
  EXPECT_EQ(seen.stop, Stop::timeout);
  EXPECT_TRUE(seen.tls.attempted);
}

TEST_F(LookTest, OctetsBehind220AreAnInjection) {
  script_.starttls = "220 go\r\n250 injected\r\n";
  const verdict::Evidence seen = run();
  EXPECT_FALSE(ready_);
  EXPECT_EQ(seen.stage, Stage::starttls);
  EXPECT_EQ(seen.stop, Stop::not_smtp);
  EXPECT_NE(seen.error.find("octets before the handshake"), std::string::npos);
  EXPECT_FALSE(seen.tls.attempted);
}

TEST_F(LookTest, AFailedHandshakeKeepsItsFacts) {
  tls::ServerSettings settings;
  settings.select = [](std::string_view) { return nullptr; };
  script_.tls = *tls::ServerContext::create(settings);
  const verdict::Evidence seen = run();
  EXPECT_FALSE(ready_);
  EXPECT_EQ(seen.stage, Stage::handshake);
  EXPECT_EQ(seen.stop, Stop::error);
  EXPECT_TRUE(seen.tls.attempted);
  EXPECT_FALSE(seen.tls.completed);
  EXPECT_TRUE(seen.tls.alert_received);
  EXPECT_FALSE(seen.tls.error.empty());
}

TEST_F(LookTest, ClientCertificateRejectedAfterOurHandshakeShowsAtTheSecondEhlo) {
  script_.tls = make_server_context(make_credential(pki().server), true);
  script_.tls_ehlo = kHangUp;
  const verdict::Evidence seen = run();
  EXPECT_EQ(seen.stage, Stage::second_ehlo);
  EXPECT_EQ(seen.stop, Stop::closed);
  EXPECT_TRUE(seen.tls.completed && seen.tls.certificate_requested);
  EXPECT_FALSE(seen.tls.confirmed);
}

TEST_F(LookTest, WhatIsNotSmtpSaysSo) {
  script_.greeting = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const verdict::Evidence seen = run();
  EXPECT_EQ(seen.stage, Stage::greeting);
  EXPECT_EQ(seen.stop, Stop::not_smtp);
  EXPECT_NE(seen.error.find("HTTP/1.1"), std::string::npos);
}

TEST_F(LookTest, NobodyListeningIsRefused) {
  listener_->close();
  std::promise<void> closed;
  runtime_.main().post([&] { closed.set_value(); });
  closed.get_future().wait();
  const verdict::Evidence seen = run();
  EXPECT_EQ(seen.stage, Stage::connect);
  EXPECT_EQ(seen.stop, Stop::refused);
  EXPECT_NE(seen.error.find("Connection refused"), std::string::npos);
}

TEST_F(LookTest, AnAddressIsNoServerName) {
  request_.target.host = "127.0.0.1";
  EXPECT_EQ(run().tls.sni, "");
}

}  // namespace
}  // namespace postern::observe
