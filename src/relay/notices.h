// Delivery status notifications: who gets one, when, with which words. Pure but for the original
// message, which comes in. Failure: as NOTIFY allows, never for the null reverse-path. Delay: once
// per message, and only when the sender is known (relay_from or client certificate), never for
// auto-submitted or list mail. Source: RFC 3461 s4.1, s5, s6; RFC 3834 s2.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mail/dsn.h"
#include "policy/config.h"
#include "relay/outcome.h"
#include "store/store.h"

namespace postern::relay {

struct NoticeRecipient {
  std::uint32_t index = 0;
  Outcome outcome;
  mail::DsnAction action = mail::DsnAction::failed;
  std::string remote_mta;
  std::optional<Time> will_retry_until;
};

[[nodiscard]] bool wants_failure_notice(const store::MessageFacts& facts,
                                        const mail::Recipient& recipient);
[[nodiscard]] bool wants_delay_notice(const store::MessageFacts& facts,
                                      const mail::Recipient& recipient);
[[nodiscard]] bool wants_success_notice(const store::MessageFacts& facts,
                                        const mail::Recipient& recipient);

// The message to put into the queue, or nullopt when nobody may be told. `original`: its octets as
// far as they are wanted (header section; whole for RET=FULL and failure, up to
// kMaxReturnedOctets). Routed by `config`; no route: nullopt, logged.
constexpr std::size_t kMaxReturnedOctets = 50 * 1024;
[[nodiscard]] std::optional<store::NewMessage> make_notice(
    const policy::Config& config, store::Store& store, const store::StoredMessage& message,
    const std::vector<NoticeRecipient>& recipients, const std::string& original, Time now);

}  // namespace postern::relay
