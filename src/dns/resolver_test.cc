#include "dns/resolver.h"

#include <algorithm>
#include <future>
#include <set>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns/rdata.h"
#include "dns/unbound.h"

namespace postern::dns {
namespace {

using namespace std::chrono_literals;
using Status = verdict::DnsEvidence::Status;

template <class T>
io::Task<void> deliver(io::Task<T> task, std::promise<T>& out) {
  auto value = co_await std::move(task);
  out.set_value(std::move(value));
}

template <class T>
T run(io::Executor where, io::Task<T> task) {
  std::promise<T> out;
  where.spawn("test", deliver(std::move(task), out));
  return out.get_future().get();
}

// A UDP socket that takes questions and never answers.
struct DeafServer {
  int descriptor = ::socket(AF_INET, SOCK_DGRAM, 0);
  std::uint16_t port = 0;
  DeafServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    (void)::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size);
    (void)::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~DeafServer() { ::close(descriptor); }
};

class UnboundTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime_.start();
    options_.servers = {{"127.0.0.1", deaf_.port}};
    options_.timeout = 5s;
    options_.local_zones = {{"example.", "static"}};
    options_.local_data = {
        "mail.example. 300 IN MX 20 mx2.mail.example.",
        "mail.example. 300 IN MX 10 MX1.mail.example.",
        "mx1.mail.example. 60 IN A 192.0.2.1",
        "mx1.mail.example. 300 IN AAAA 2001:db8::1",
        "mx2.mail.example. 300 IN A 192.0.2.2",
        "null.example. 300 IN MX 0 .",
        "equal.example. 300 IN MX 5 a.equal.example.",
        "equal.example. 300 IN MX 5 b.equal.example.",
        "nomx.example. 300 IN A 192.0.2.3",
        "_25._tcp.mx1.mail.example. 300 IN TLSA 3 1 1 00ff",
        "_mta-sts.mail.example. 300 IN TXT \"v=STSv1; \" \"id=1;\"",
    };
  }
  void TearDown() override {
    resolver_.reset();
    runtime_.stop();
  }
  Resolver& resolver() {
    if (!resolver_) {
      auto made = make_unbound(runtime_, options_);
      EXPECT_TRUE(made) << made.error().what();
      resolver_ = std::move(*made);
    }
    return *resolver_;
  }
  MxAnswer mx(const std::string& domain) { return run(runtime_.next(), resolver().mx(domain)); }
  AddressAnswer addresses(const std::string& host) {
    return run(runtime_.next(), resolver().addresses(host));
  }

  DeafServer deaf_;
  io::Runtime runtime_{2, 1};
  UnboundOptions options_;
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(UnboundTest, MxRecordsComeByPreferenceInLowerCase) {
  const MxAnswer answer = mx("mail.example");
  EXPECT_EQ(answer.status, Status::insecure);
  ASSERT_EQ(answer.records.size(), 2U);
  EXPECT_EQ(answer.records[0].host, "mx1.mail.example");
  EXPECT_EQ(answer.records[0].preference, 10U);
  EXPECT_EQ(answer.records[1].host, "mx2.mail.example");
  EXPECT_FALSE(answer.null_mx);
}

TEST_F(UnboundTest, EqualPreferencesAreShuffled) {
  std::set<std::string> first;
  for (int i = 0; i < 64 && first.size() < 2; ++i)
    first.insert(mx("equal.example").records[0].host);
  EXPECT_EQ(first.size(), 2U);
}

TEST_F(UnboundTest, NullMxIsToldApart) {
  const MxAnswer answer = mx("null.example");
  EXPECT_TRUE(answer.null_mx);
  EXPECT_TRUE(answer.records.empty());
}

TEST_F(UnboundTest, NoDataAndNoSuchNameAreTwoThings) {
  EXPECT_EQ(mx("nomx.example").status, Status::no_data);
  EXPECT_EQ(mx("absent.example").status, Status::no_such_name);
  EXPECT_EQ(addresses("absent.example").status, Status::no_such_name);
}

TEST_F(UnboundTest, AddressesComeIpv6First) {
  const AddressAnswer answer = addresses("mx1.mail.example");
  EXPECT_EQ(answer.status, Status::insecure);
  EXPECT_EQ(answer.addresses, (std::vector<std::string>{"2001:db8::1", "192.0.2.1"}));
  EXPECT_EQ(answer.ttl, Duration(60s));
  EXPECT_EQ(addresses("mx2.mail.example").addresses, std::vector<std::string>{"192.0.2.2"});
}

TEST_F(UnboundTest, LiteralsAnswerThemselvesAndLocalhostIsHere) {
  EXPECT_EQ(addresses("192.0.2.9").addresses, std::vector<std::string>{"192.0.2.9"});
  EXPECT_EQ(addresses("2001:db8::9").addresses, std::vector<std::string>{"2001:db8::9"});
  const AddressAnswer localhost = addresses("localhost");
  EXPECT_NE(std::ranges::find(localhost.addresses, "127.0.0.1"), localhost.addresses.end());
}

TEST_F(UnboundTest, AServerThatNeverAnswersIsAFailureInTime) {
  options_.timeout = 100ms;
  const auto before = std::chrono::steady_clock::now();
  const AddressAnswer answer = addresses("mx.partner.test");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_EQ(answer.status, Status::failed);
  EXPECT_NE(answer.detail.find("no answer within"), std::string::npos);
}

TEST_F(UnboundTest, ManyQuestionsAtOnceAreAnswered) {
  std::vector<std::promise<MxAnswer>> answers(200);
  for (auto& answer : answers)
    runtime_.next().spawn("test", deliver(resolver().mx("mail.example"), answer));
  for (auto& answer : answers) EXPECT_EQ(answer.get_future().get().records.size(), 2U);
}

TEST_F(UnboundTest, BadSettingsAreErrors) {
  options_.trust_anchor = "/nowhere/root.key";
  const auto no_anchor = make_unbound(runtime_, options_);
  ASSERT_FALSE(no_anchor);
  EXPECT_NE(no_anchor.error().what().find("/nowhere/root.key"), std::string::npos);
  options_.trust_anchor.clear();
  options_.servers = {{"dns.example", 53}};
  EXPECT_FALSE(make_unbound(runtime_, options_)) << "a server's name cannot be looked up";
}

TEST_F(UnboundTest, RecordsOfOtherTypesComeAsTheyStand) {
  const auto ask = [this](const char* name, RecordType type) {
    return run(runtime_.next(), resolver().records(name, type));
  };
  const RecordsAnswer tlsa = ask("_25._tcp.mx1.mail.example", RecordType::tlsa);
  EXPECT_EQ(tlsa.status, Status::insecure);
  EXPECT_EQ(tlsa.records, std::vector<std::string>{std::string("\3\1\1\0\xff", 5)});
  const RecordsAnswer txt = ask("_mta-sts.mail.example", RecordType::txt);
  EXPECT_EQ(txt.records, std::vector<std::string>{"v=STSv1; id=1;"});
  EXPECT_EQ(ask("absent.example", RecordType::txt).status, Status::no_such_name);
}

TEST(Rdata, TxtStringsAreJoinedAndMalformedOnesAreNone) {
  using namespace std::string_literals;
  EXPECT_EQ(parse_txt("\2ab\0\1c"s), "abc");
  EXPECT_EQ(parse_txt(""), "");
  EXPECT_FALSE(parse_txt("\3ab"));
}

TEST(Rdata, MalformedMxIsNone) {
  using namespace std::string_literals;
  EXPECT_EQ(parse_mx("\0\x0a\2mx\4Test\0"s)->host, "mx.test");
  EXPECT_EQ(parse_mx("\0\0\0"s)->host, "");
  for (const std::string& bad :
       {""s, "\0\x0a"s, "\0\x0a\2mx"s, "\0\x0a\2mx\x40"s + std::string(64, 'a') + "\0"s,
        "\0\x0a\2mx\0x"s, "\0\x0a\3m.x\0"s, "\0\x0a\3m\nx\0"s, "\0\x0a\xc0\0"s})
    EXPECT_FALSE(parse_mx(bad)) << bad;
  EXPECT_EQ(parse_address("\x7f\0\0\1"s), "127.0.0.1");
  EXPECT_FALSE(parse_address("abc"));
}

TEST(ScriptedResolver, AnswersFromItsTableAndElseNoSuchName) {
  io::Runtime runtime(1, 1);
  runtime.start();
  ScriptedResolver resolver;
  MxAnswer answer;
  answer.status = Status::secure;
  answer.records = {{10, "mx.test"}};
  resolver.set_mx("Partner.test", answer);
  EXPECT_EQ(run(runtime.main(), resolver.mx("partner.test")).records[0].host, "mx.test");
  EXPECT_EQ(run(runtime.main(), resolver.mx("other.test")).status, Status::no_such_name);
  EXPECT_EQ(run(runtime.main(), resolver.addresses("mx.test")).status, Status::no_such_name);
}

}  // namespace
}  // namespace postern::dns
