// The scheduler's inside, shared by scheduler.cc (sessions, back-off, blockers) and sweeps.cc
// (notices, lifetimes). Everything here runs on the main loop, coroutines included, but for what
// run_blocking takes to the pool.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "relay/destination.h"
#include "relay/findings.h"
#include "relay/places.h"
#include "relay/scheduler.h"
#include "relay/turn.h"

namespace postern::relay {

// Where a next hop's addresses carry no TTL, and while they are asked for again.
constexpr Duration kDefaultTargetsTtl{60'000};
// Notes of the store: when a destination's last blocker ended.
constexpr const char* kReleasedNote = "released:";

class Scheduler::Work : public std::enable_shared_from_this<Scheduler::Work> {
 public:
  Work(Context& context, Alerts& alerts);

  DestinationState* state_of(
      const std::string& key);  // made when missing; nullptr for a key that is none
  DestinationState* find(const std::string& key);
  void dispatch(DestinationState& state);
  void mail_came(const std::vector<std::string>& keys);  // dispatches each
  void wake();
  [[nodiscard]] std::shared_ptr<const policy::Config> config() const {
    return context.snapshot()->config;
  }
  [[nodiscard]] double jitter() { return std::uniform_real_distribution<double>(0.0, 1.0)(random); }

  // Sessions and their reports.
  void start_session(DestinationState& state, bool trial);
  static io::Task<void> session_task(std::shared_ptr<Work> self, io::Executor executor,
                                     DeliveryRequest request, bool stalls);
  static io::Task<bool> linger(std::shared_ptr<Work> self, io::Executor executor, std::string key);
  void take_back(const DestinationState& state, bool all);
  void on_worked(const std::string& key);
  void on_deferred(const std::string& key, const Deferral& deferral);
  void on_report(const std::string& key, bool trial, DeliveryReport& report);
  void watch_partner(const NextHopLook& look);
  void reroute();
  void release_deferred(DestinationState& state);

  // Blockers.
  void block(DestinationState& state, const Outcome& failure, const NextHopLook& look);
  static constexpr std::string_view kCured = "cured";
  void unblock(DestinationState& state, std::string_view why);
  void start_probe(DestinationState& state);
  static io::Task<void> probe_task(std::shared_ptr<Work> self, io::Executor executor,
                                   policy::Destination destination,
                                   std::optional<verdict::PolicyException> exception);
  void on_probe(const std::string& key, NextHopLook& look);
  static io::Task<void> targets_task(std::shared_ptr<Work> self, std::string key);
  void on_targets(const std::string& key, const std::string& targets, Duration ttl);
  void save(const Blocker& blocker);
  void alert(const Blocker& blocker, std::string kind, std::string_view words);
  static io::Task<void> alert_task(std::shared_ptr<Work> self, Blocker blocker, std::string kind,
                                   std::string words);

  // The clockwork.
  static io::Task<void> clockwork(std::shared_ptr<Work> self);
  void run_due(Time now);

  // sweeps.cc
  static io::Task<void> sweeps(std::shared_ptr<Work> self);
  static io::Task<void> sweep_once(std::shared_ptr<Work> self);
  static io::Task<void> sweep_destination(std::shared_ptr<Work> self, std::string key);
  void alert_overdue(const DestinationState& state, std::uint64_t overdue);

  Context& context;
  Alerts& alerts;
  TlsSessions tls_sessions;
  io::Signal signal;
  io::Signal sweep_signal;
  std::map<std::string, DestinationState> destinations;
  std::set<std::string> probing_hops;  // one probe per next hop at a time
  Findings findings;
  SessionPlaces places;
  bool rerouting = false;
  std::shared_ptr<std::atomic<bool>> stopping = std::make_shared<std::atomic<bool>>(false);
  std::mt19937 random{std::random_device{}()};
};

}  // namespace postern::relay
