#include "relay/limits.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{Duration(1'790'000'000'000)};

policy::ReceiveConnector connector() {
  policy::ReceiveConnector out;
  out.name = "internet";
  out.max_connections = 4;
  out.max_connections_per_client = 2;
  out.connection_rate_per_minute = 0;
  return out;
}

TEST(ClientLimits, ConnectionsOfAClientAreBoundedUntilOneEnds) {
  ClientLimits limits;
  const auto c = connector();
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::too_many_of_client);
  EXPECT_EQ(limits.connect(c, "192.0.2.2", kStart), Admission::admitted);
  limits.disconnect("internet", "192.0.2.1");
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted);
}

TEST(ClientLimits, ConnectionsOfAConnectorAreBoundedWhoeverComes) {
  ClientLimits limits;
  const auto c = connector();
  auto other = connector();
  other.name = "apps";
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(limits.connect(c, "192.0.2." + std::to_string(i), kStart), Admission::admitted);
  }
  EXPECT_EQ(limits.connect(c, "192.0.2.9", kStart), Admission::too_many_connections);
  EXPECT_EQ(limits.connect(other, "192.0.2.9", kStart), Admission::admitted);
  limits.disconnect("internet", "192.0.2.3");
  EXPECT_EQ(limits.connect(c, "192.0.2.9", kStart), Admission::admitted);
}

TEST(ClientLimits, SessionsOfAllConnectorsTogetherAreBoundedAndToldSo) {
  ClientLimits limits(kMaxTrackedClients, 3);
  const auto c = connector();
  auto other = connector();
  other.name = "apps";
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.2", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(other, "192.0.2.3", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(other, "192.0.2.4", kStart), Admission::too_many_sessions);
  const auto reply = refusal(Admission::too_many_sessions, "edge1.contoso.com");
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->str().starts_with("421 4.3.2 edge1.contoso.com")) << reply->str();
  limits.disconnect("internet", "192.0.2.1");
  EXPECT_EQ(limits.connect(other, "192.0.2.4", kStart), Admission::admitted);
}

TEST(ClientLimits, ConnectionRateRefillsOverTheMinute) {
  ClientLimits limits;
  auto c = connector();
  c.max_connections = c.max_connections_per_client = 1000;
  c.connection_rate_per_minute = 60;
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted) << i;
  }
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::connection_rate);
  EXPECT_EQ(limits.connect(c, "192.0.2.2", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart + 1s), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart + 1s), Admission::connection_rate);
  // A clock set back neither gives nor takes.
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart - 1h), Admission::connection_rate);
}

TEST(ClientLimits, MessageRateIsOffAtZeroAndCountsAcrossConnections) {
  ClientLimits limits;
  auto c = connector();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(limits.message(c, "192.0.2.1", kStart), Admission::admitted);
  }
  EXPECT_EQ(limits.tracked(), 0U);
  c.message_rate_per_minute = 2;
  EXPECT_EQ(limits.message(c, "192.0.2.1", kStart), Admission::admitted);
  EXPECT_EQ(limits.message(c, "192.0.2.1", kStart), Admission::admitted);
  EXPECT_EQ(limits.message(c, "192.0.2.1", kStart), Admission::message_rate);
  EXPECT_EQ(limits.message(c, "192.0.2.1", kStart + 30s), Admission::admitted);
}

TEST(ClientLimits, AnIpv6ClientIsItsNetwork) {
  EXPECT_EQ(client_of("2001:db8:1:2:3::1"), client_of("2001:db8:1:2:ffff::9"));
  EXPECT_NE(client_of("2001:db8:1:2::1"), client_of("2001:db8:1:3::1"));
  EXPECT_EQ(client_of("192.0.2.1"), "192.0.2.1");
}

TEST(ClientLimits, MemoryIsBoundedAndTheLongestIdleIsForgotten) {
  ClientLimits limits(3);
  auto c = connector();
  c.connection_rate_per_minute = 1;
  for (int i = 1; i <= 100; ++i) {
    const std::string client = "192.0.2." + std::to_string(i);
    ASSERT_EQ(limits.connect(c, client, kStart), Admission::admitted);
    limits.disconnect("internet", client);
    ASSERT_LE(limits.tracked(), 3U);
  }
  EXPECT_EQ(limits.connect(c, "192.0.2.100", kStart), Admission::connection_rate);  // remembered
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted);           // forgotten
}

TEST(ClientLimits, ConnectedClientsAreNeverForgotten) {
  ClientLimits limits(2);
  const auto c = connector();
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.2", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.3", kStart), Admission::too_many_connections);
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::too_many_of_client);
}

TEST(ClientLimits, CountsAreRightWhenManyThreadsComeAndGo) {
  ClientLimits limits;
  auto c = connector();
  c.max_connections = c.max_connections_per_client = 1'000'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        (void)limits.connect(c, "192.0.2.1", kStart);
        limits.disconnect("internet", "192.0.2.1");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  c.max_connections = c.max_connections_per_client = 1;
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::admitted);
  EXPECT_EQ(limits.connect(c, "192.0.2.1", kStart), Admission::too_many_connections);
}

TEST(ClientLimits, EveryRefusalHasATemporaryReply) {
  EXPECT_FALSE(refusal(Admission::admitted, "mx.contoso.com"));
  for (const auto a : {Admission::too_many_connections, Admission::too_many_of_client,
                       Admission::connection_rate}) {
    const auto reply = refusal(a, "mx.contoso.com");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->code(), 421);
    EXPECT_TRUE(reply->lines().front().starts_with("mx.contoso.com "));
  }
  EXPECT_EQ(refusal(Admission::message_rate, "mx.contoso.com")->code(), 450);
}

}  // namespace
}  // namespace postern::relay
