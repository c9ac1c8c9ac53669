#include <future>

#include <gtest/gtest.h>

#include "observe/look.h"

namespace postern::observe {
namespace {

using Status = verdict::DnsEvidence::Status;

dns::MxAnswer mx_answer(std::vector<dns::MxRecord> records) {
  dns::MxAnswer answer;
  answer.status = Status::secure;
  answer.records = std::move(records);
  answer.ttl = std::chrono::minutes(5);
  return answer;
}

dns::AddressAnswer address_answer(std::vector<std::string> addresses) {
  dns::AddressAnswer answer;
  answer.status = Status::insecure;
  answer.addresses = std::move(addresses);
  answer.ttl = std::chrono::minutes(1);
  return answer;
}

template <class Answer>
Answer without_data(Status status, const std::string& detail = "") {
  Answer answer;
  answer.status = status;
  answer.detail = detail;
  return answer;
}

std::vector<dns::MxRecord> numbered_hosts(std::size_t count) {
  std::vector<dns::MxRecord> out;
  for (std::size_t i = 1; i <= count; ++i)
    out.push_back({static_cast<unsigned>(i), "mx" + std::to_string(i) + ".test"});
  return out;
}

// Answers nobody before `together` hosts have been asked for, and then the last one first. A
// resolver that is asked for one host at a time gets failures, each after kPatience.
class SlowResolver final : public dns::Resolver {
 public:
  SlowResolver(io::Executor executor, std::size_t together)
      : executor_(executor), together_(together) {}
  void set_mx(dns::MxAnswer answer) { mx_ = std::move(answer); }
  [[nodiscard]] std::size_t most_at_once() const { return most_; }
  [[nodiscard]] const std::vector<std::string>& answered() const { return answered_; }

  io::Task<dns::MxAnswer> mx(std::string /*domain*/) override { co_return mx_; }
  io::Task<dns::RecordsAnswer> records(std::string /*name*/, dns::RecordType /*type*/) override {
    co_return dns::RecordsAnswer();
  }
  io::Task<dns::AddressAnswer> addresses(std::string host) override {
    most_ = std::max(most_, ++open_);
    const auto turn = std::make_shared<io::Signal>(executor_);
    waiting_.push_back(turn);
    gate_open_ = gate_open_ || waiting_.size() == together_;
    if (gate_open_) next_turn();
    const bool in_time = co_await turn->wait(kPatience);
    --open_;
    next_turn();
    answered_.push_back(host);
    co_return in_time ? address_answer({"192.0.2.1"}) : dns::AddressAnswer();
  }

 private:
  static constexpr Duration kPatience{2000};
  void next_turn() {
    if (waiting_.empty()) return;
    waiting_.back()->notify();
    waiting_.pop_back();
  }
  io::Executor executor_;
  std::size_t together_;
  dns::MxAnswer mx_;
  std::vector<std::shared_ptr<io::Signal>> waiting_;
  bool gate_open_ = false;
  std::size_t open_ = 0, most_ = 0;
  std::vector<std::string> answered_;
};

class TargetsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime_.start();
    request_.domain = "partner.test";
    request_.own_names = {"gateway.test", "mail.gateway.test"};
    for (const char* host : {"mx1.test", "mx2.test", "gateway.test"})
      resolver_.set_addresses(host, address_answer({"192.0.2." + std::string(1, host[2])}));
  }
  void TearDown() override { runtime_.stop(); }

  static io::Task<void> deliver(io::Executor executor, dns::Resolver& resolver,
                                TargetRequest request, std::promise<Targets>& out) {
    Targets targets = co_await resolve_targets(executor, resolver, std::move(request));
    out.set_value(std::move(targets));
  }
  Targets resolve_by(dns::Resolver& resolver) {
    std::promise<Targets> out;
    runtime_.main().spawn("test", deliver(runtime_.main(), resolver, request_, out));
    return out.get_future().get();
  }
  Targets resolve() { return resolve_by(resolver_); }
  [[nodiscard]] std::vector<std::string> hosts() {
    std::vector<std::string> out;
    for (const Target& target : resolve().list) out.push_back(target.host);
    return out;
  }

  io::Runtime runtime_{1, 1};
  dns::ScriptedResolver resolver_;
  TargetRequest request_;
};

using Names = std::vector<std::string>;

TEST_F(TargetsTest, MxHostsInOrderWithEveryAddress) {
  resolver_.set_mx("partner.test", mx_answer({{10, "mx1.test"}, {20, "mx2.test"}}));
  resolver_.set_addresses("mx1.test", address_answer({"2001:db8::1", "192.0.2.1"}));
  const Targets targets = resolve();
  ASSERT_EQ(targets.list.size(), 3U);
  EXPECT_EQ(targets.list[0].address, "2001:db8::1");
  EXPECT_EQ(targets.list[1].address, "192.0.2.1");
  EXPECT_EQ(targets.list[2].host, "mx2.test");
  EXPECT_EQ(targets.list[0].dns.mx, Status::secure);
  EXPECT_EQ(targets.list[0].dns.address, Status::insecure);
  EXPECT_EQ(targets.ttl, Duration(std::chrono::minutes(1))) << "the shortest seen";
  EXPECT_EQ(targets.problem_code, "none");
}

TEST_F(TargetsTest, WithoutMxTheDomainsOwnAddress) {
  resolver_.set_mx("partner.test", without_data<dns::MxAnswer>(Status::no_data));
  resolver_.set_addresses("partner.test", address_answer({"192.0.2.9"}));
  const Targets targets = resolve();
  ASSERT_EQ(targets.list.size(), 1U);
  EXPECT_EQ(targets.list[0].host, "partner.test");
}

TEST_F(TargetsTest, AnAddressLiteralIsItsOwnTarget) {
  request_.domain = "[IPv6:2001:db8::7]";
  resolver_.set_addresses("2001:db8::7", address_answer({"2001:db8::7"}));
  EXPECT_EQ(hosts(), Names{"2001:db8::7"});
}

TEST_F(TargetsTest, SmartHostsComeAsConfiguredWithoutMx) {
  request_.hosts = {{"mx2.test", 2525}, {"mx1.test", 25}};
  EXPECT_EQ(hosts(), (Names{"mx2.test", "mx1.test"}));
  EXPECT_EQ(resolve().list[0].port, 2525);
}

TEST_F(TargetsTest, AnMxThatNamesUsAndThoseBehindItAreDropped) {
  resolver_.set_mx(
      "partner.test",
      mx_answer({{10, "mx1.test"}, {20, "GATEWAY.test"}, {20, "mx2.test"}, {30, "mx2.test"}}));
  EXPECT_EQ(hosts(), Names{"mx1.test"});
}

TEST_F(TargetsTest, OurselvesAsFirstMxIsALoop) {
  resolver_.set_mx("partner.test", mx_answer({{10, "gateway.test"}, {20, "mx2.test"}}));
  const Targets targets = resolve();
  EXPECT_TRUE(targets.list.empty());
  EXPECT_EQ(targets.problem_code, "mail-loop");
}

// A listener on every address has those of all interfaces; a connector's own name is ours too.
TEST_F(TargetsTest, AWildcardListenerHasTheMachinesAddresses) {
  resolver_.set_mx("partner.test", mx_answer({{10, "mx1.test"}}));
  request_.own_listeners = {{"0.0.0.0", 25}};
  EXPECT_EQ(hosts(), Names{"mx1.test"});
  request_.own_addresses = {"192.0.2.1"};
  EXPECT_EQ(resolve().problem_code, "mail-loop");
  resolver_.set_mx("partner.test", mx_answer({{10, "mail.gateway.test"}}));
  EXPECT_EQ(resolve().problem_code, "mail-loop");
}

TEST_F(TargetsTest, AnAddressOfOurListenersIsALoopAsWell) {
  resolver_.set_mx("partner.test", mx_answer({{10, "mx1.test"}, {20, "mx2.test"}}));
  request_.own_listeners = {{"192.0.2.2", 25}};
  EXPECT_EQ(hosts(), Names{"mx1.test"}) << "mx2 is us";
  request_.own_listeners = {{"192.0.2.1", 25}};
  EXPECT_EQ(resolve().problem_code, "mail-loop");
  request_.own_listeners = {{"192.0.2.1", 2525}};
  EXPECT_EQ(hosts().size(), 2U) << "another port is another server";
}

TEST_F(TargetsTest, WhyThereIsNoneHasACodeAndWords) {
  struct Case {
    const char* name;
    dns::MxAnswer mx;
    dns::AddressAnswer addresses;
    std::string code, words;
    bool permanent;
  };
  dns::MxAnswer null_mx = mx_answer({});
  null_mx.null_mx = true;
  const auto none = without_data<dns::AddressAnswer>(Status::no_such_name);
  const std::vector<Case> cases = {
      {"null MX", null_mx, none, "null-mx", "null MX", true},
      {"no domain", without_data<dns::MxAnswer>(Status::no_such_name), none,
       "dns-resolution-failure", "does not exist", true},
      {"failed", without_data<dns::MxAnswer>(Status::failed, "SERVFAIL"), none,
       "dns-resolution-failure", "SERVFAIL", false},
      {"bogus", without_data<dns::MxAnswer>(Status::bogus, "signature expired"), none,
       "dnssec-bogus", "signature expired", false},
      {"no mail here", without_data<dns::MxAnswer>(Status::no_data),
       without_data<dns::AddressAnswer>(Status::no_data), "dns-resolution-failure",
       "no usable MX or address", false},
      {"host failed", mx_answer({{10, "partner.test"}}),
       without_data<dns::AddressAnswer>(Status::failed, "SERVFAIL"), "dns-resolution-failure",
       "SERVFAIL", false},
      {"host bogus", mx_answer({{10, "partner.test"}}),
       without_data<dns::AddressAnswer>(Status::bogus, "no key"), "dnssec-bogus", "no key", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    resolver_.set_mx("partner.test", c.mx);
    resolver_.set_addresses("partner.test", c.addresses);
    const Targets targets = resolve();
    EXPECT_TRUE(targets.list.empty());
    EXPECT_EQ(targets.problem_code, c.code);
    EXPECT_NE(targets.problem.find(c.words), std::string::npos) << targets.problem;
    EXPECT_EQ(targets.permanent, c.permanent);
  }
}

TEST_F(TargetsTest, AMissingMxHostIsNoReasonToGiveUp) {
  resolver_.set_mx("partner.test", mx_answer({{10, "gone.test"}}));
  const Targets targets = resolve();
  EXPECT_EQ(targets.problem_code, "dns-resolution-failure");
  EXPECT_FALSE(targets.permanent);
  resolver_.set_mx("partner.test", mx_answer({{10, "gone.test"}, {20, "mx2.test"}}));
  EXPECT_EQ(hosts(), Names{"mx2.test"});
  const Targets both = resolve();
  ASSERT_EQ(both.missing.size(), 1U);
  EXPECT_EQ(both.missing[0].host, "gone.test");
  EXPECT_EQ(both.missing[0].dns.address, Status::no_such_name);
}

TEST_F(TargetsTest, TheListIsBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.push_back("192.0.2." + std::to_string(i));
  resolver_.set_mx("partner.test", mx_answer({{10, "mx1.test"}}));
  resolver_.set_addresses("mx1.test", address_answer(many));
  EXPECT_EQ(resolve().list.size(), kMaxTargets);
}

TEST_F(TargetsTest, MxHostsAreLookedUpSideBySideAndStayInOrder) {
  SlowResolver slow(runtime_.main(), 3);
  slow.set_mx(mx_answer(numbered_hosts(3)));
  const Targets targets = resolve_by(slow);
  ASSERT_EQ(targets.list.size(), 3U) << "asked one after the other";
  EXPECT_EQ(slow.answered(), (Names{"mx3.test", "mx2.test", "mx1.test"}));
  EXPECT_EQ(targets.list[0].host, "mx1.test");
  EXPECT_EQ(targets.list[1].host, "mx2.test");
  EXPECT_EQ(targets.list[2].host, "mx3.test");
}

// Knows nothing of `dead`, and never says so.
class DeafResolver final : public dns::Resolver {
 public:
  DeafResolver(io::Executor executor, std::string dead)
      : dead_(std::move(dead)), never_(executor) {}
  io::Task<dns::MxAnswer> mx(std::string /*domain*/) override {
    co_return mx_answer(numbered_hosts(3));
  }
  io::Task<dns::RecordsAnswer> records(std::string /*name*/, dns::RecordType /*type*/) override {
    co_return dns::RecordsAnswer();
  }
  io::Task<dns::AddressAnswer> addresses(std::string host) override {
    if (host == dead_) {
      const bool told = co_await never_.wait(std::chrono::hours(1));
      (void)told;
    }
    co_return address_answer({"192.0.2.1"});
  }

 private:
  std::string dead_;
  io::Signal never_;
};

TEST_F(TargetsTest, AHostWhoseNameServerIsDeadKeepsNobodyBeforeItWaiting) {
  DeafResolver deaf(runtime_.main(), "mx2.test");
  const auto begin = std::chrono::steady_clock::now();
  const Targets targets = resolve_by(deaf);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, dns::kDnsTimeout / 2);
  ASSERT_EQ(targets.list.size(), 2U);
  EXPECT_EQ(targets.list[0].host, "mx1.test");
  EXPECT_EQ(targets.list[1].host, "mx3.test");
  ASSERT_EQ(targets.missing.size(), 1U);
  EXPECT_EQ(targets.missing[0].host, "mx2.test");
  EXPECT_EQ(targets.missing[0].dns.address, Status::failed);
  EXPECT_EQ(targets.missing[0].dns.detail, "no answer in time");
  runtime_.stop();  // the question is still open
}

TEST_F(TargetsTest, SmartHostsAreLookedUpSideBySide) {
  request_.hosts = {{"a.test", 25}, {"b.test", 587}};
  SlowResolver slow(runtime_.main(), 2);
  const Targets targets = resolve_by(slow);
  ASSERT_EQ(targets.list.size(), 2U);
  EXPECT_EQ(targets.list[0].host, "a.test");
  EXPECT_EQ(targets.list[1].port, 587);
}

TEST_F(TargetsTest, LookUpsAtATimeAndHostsAreBounded) {
  SlowResolver slow(runtime_.main(), kLookupsAtOnce);
  slow.set_mx(mx_answer(numbered_hosts(3 * kMaxTargets)));
  EXPECT_EQ(resolve_by(slow).list.size(), kMaxTargets);
  EXPECT_EQ(slow.most_at_once(), kLookupsAtOnce);
  EXPECT_EQ(slow.answered().size(), kMaxTargets) << "hosts that could never be tried";
}

}  // namespace
}  // namespace postern::observe
