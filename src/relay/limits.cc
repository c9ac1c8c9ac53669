#include "relay/limits.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

namespace postern::relay {
namespace {

using mail::EnhancedCode;
using mail::Reply;

constexpr double kMinuteMs = 60'000;
constexpr std::size_t kIpv6NetworkOctets = 8;  // a /64

std::string key_of(const std::string& connector, const std::string& address) {
  return connector + "|" + client_of(address);
}

}  // namespace

std::string client_of(const std::string& address) {
  std::array<unsigned char, 16> octets{};
  if (inet_pton(AF_INET6, address.c_str(), octets.data()) != 1) return address;
  std::fill(octets.begin() + kIpv6NetworkOctets, octets.end(), 0);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_ntop(AF_INET6, octets.data(), text.data(), text.size()) == nullptr) return address;
  return std::string(text.data()) + "/64";
}

bool ClientLimits::Bucket::take(unsigned rate, Time now) {
  if (rate == 0) return true;
  const double limit = rate;
  // A clock set back gives nothing and takes nothing.
  const auto elapsed = static_cast<double>(std::max(now - filled, Duration::zero()).count());
  used = std::max(0.0, used - elapsed * limit / kMinuteMs);
  filled = now;
  if (used + 1 > limit) return false;
  used += 1;
  return true;
}

Admission ClientLimits::connect(const policy::ReceiveConnector& connector,
                                const std::string& address, Time now) {
  const std::lock_guard lock(mutex_);
  if (sessions_ >= max_sessions_) return Admission::too_many_sessions;
  unsigned& all = connections_[connector.name];
  if (all >= connector.max_connections) return Admission::too_many_connections;
  const std::string key = key_of(connector.name, address);
  Client* client = find_or_make(key, now);
  if (client == nullptr) return Admission::too_many_connections;
  if (client->connections >= connector.max_connections_per_client) {
    return Admission::too_many_of_client;
  }
  if (!client->connecting.take(connector.connection_rate_per_minute, now)) {
    return Admission::connection_rate;
  }
  if (client->idle) {
    idle_.erase(*client->idle);
    client->idle.reset();
  }
  ++client->connections;
  ++all;
  ++sessions_;
  return Admission::admitted;
}

void ClientLimits::disconnect(const std::string& connector, const std::string& address) {
  const std::lock_guard lock(mutex_);
  const std::string key = key_of(connector, address);
  const auto client = clients_.find(key);
  if (client == clients_.end() || client->second.connections == 0) return;
  --sessions_;
  if (--client->second.connections == 0) set_idle(key, client->second);
  const auto all = connections_.find(connector);
  if (all == connections_.end()) return;
  if (--all->second == 0) connections_.erase(all);
}

Admission ClientLimits::message(const policy::ReceiveConnector& connector,
                                const std::string& address, Time now) {
  if (connector.message_rate_per_minute == 0) return Admission::admitted;
  const std::lock_guard lock(mutex_);
  Client* client = find_or_make(key_of(connector.name, address), now);
  if (client == nullptr || !client->sending.take(connector.message_rate_per_minute, now)) {
    return Admission::message_rate;
  }
  return Admission::admitted;
}

std::size_t ClientLimits::tracked() const {
  const std::lock_guard lock(mutex_);
  return clients_.size();
}

ClientLimits::Client* ClientLimits::find_or_make(const std::string& key, Time now) {
  if (const auto found = clients_.find(key); found != clients_.end()) return &found->second;
  if (clients_.size() >= max_clients_) {
    if (idle_.empty()) return nullptr;
    clients_.erase(idle_.front());
    idle_.pop_front();
  }
  Client& client = clients_[key];
  client.connecting.filled = client.sending.filled = now;
  set_idle(key, client);
  return &client;
}

void ClientLimits::set_idle(const std::string& key, Client& client) {
  client.idle = idle_.insert(idle_.end(), key);
}

std::optional<Reply> refusal(Admission admission, const std::string& fqdn) {
  constexpr EnhancedCode kPolicy{4, 7, 0};
  switch (admission) {
    case Admission::admitted:
      return std::nullopt;
    case Admission::too_many_sessions:
    case Admission::too_many_connections:
      return Reply(421, EnhancedCode{4, 3, 2}, fqdn + " Too many connections, try again later");
    case Admission::too_many_of_client:
      return Reply(421, kPolicy, fqdn + " Too many connections from your address");
    case Admission::connection_rate:
      return Reply(421, kPolicy, fqdn + " Connection rate for this client has exceeded the limit");
    case Admission::message_rate:
      return Reply(450, EnhancedCode{4, 7, 1},
                   "Message submission rate for this client has exceeded the configured limit");
  }
  return std::nullopt;
}

std::string_view to_string(Admission admission) {
  switch (admission) {
    case Admission::admitted:
      return "admitted";
    case Admission::too_many_sessions:
      return "as many sessions as the limit of open files allows (RLIMIT_NOFILE)";
    case Admission::too_many_connections:
      return "max_connections reached";
    case Admission::too_many_of_client:
      return "max_connections_per_client reached";
    case Admission::connection_rate:
      return "connection_rate_per_minute exceeded";
    case Admission::message_rate:
      return "message_rate_per_minute exceeded";
  }
  return "?";
}

}  // namespace postern::relay
