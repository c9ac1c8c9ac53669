// Alerts to the operator: one per cause, by mail, exec and webhook. Every alert is also a line of
// the operator's log. An alert by mail is a message like any other, but is never queued behind the
// blocker it reports (then only the other channels and the log carry it).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "policy/route.h"
#include "relay/context.h"
#include "x509/certificate.h"

namespace postern::relay {

struct Alert {
  std::string kind;     // "blocker.start", "blocker.change", "blocker.end", "certificate.expiry",
                        // "certificate.refused", "config.refused", "disk.low", "blocker.overdue"
  std::string subject;  // one line for people
  std::string text;     // cause, fault, cure in plain words
  std::string key;      // same kind and key again within kAlertRepeat: not told again (blocker id +
                        // code; certificate + days)
  std::string destination;  // of the blocker; alerts by mail to the same destination are left out
  std::string json;         // facts (the blocker, the certificate), one JSON object as text
};
constexpr Duration kAlertRepeat{24 * 3600 * 1000};

class Alerts {
 public:
  // `on_accepted` as Reception's: the mail alerts enter the queue.
  Alerts(Context& context, std::function<void(std::vector<std::string>)> on_accepted);
  ~Alerts();
  void raise(Alert alert);  // any loop; returns at once, the channels work in the background, each
                            // bounded by kAlertTimeout
  // Own certificates of the present snapshot: called hourly and after a reload.
  void check_expiry();
  // A certificate that is in use: alerts when one of `alert.expiry_warnings` is due or it has
  // expired, once for each, whoever else tells of the same certificate. `whose`: "the certificate
  // of mx.partner.example"; `advice`: what to do, a sentence. Any loop.
  void watch_expiry(const x509::Certificate& leaf, const std::string& whose,
                    const std::string& advice);

  struct State;

 private:
  std::shared_ptr<State> state_;
};
constexpr Duration kAlertTimeout{10'000};  // of each channel

// The alert that watch_expiry raises at `now`; nullopt: none is due.
[[nodiscard]] std::optional<Alert> expiry_alert(const x509::Certificate& leaf,
                                                const std::string& whose, const std::string& advice,
                                                const std::vector<Duration>& warnings, Time now);
// The nearest of `warnings` that is due with so much validity left: 30, then 14, then 3 days.
[[nodiscard]] std::optional<Duration> due_warning(const std::vector<Duration>& warnings,
                                                  Duration left);

}  // namespace postern::relay
