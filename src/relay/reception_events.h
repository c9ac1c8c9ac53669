// The events of reception in the operator's log. docs/events.md lists them all.
#pragma once

#include "base/log.h"

namespace postern::relay {

inline constexpr log::Event kListenerOpened{3101, log::Level::info, "listener.open"};
inline constexpr log::Event kListenerClosed{3102, log::Level::info, "listener.close"};
inline constexpr log::Event kConnectionRefused{3103, log::Level::warning, "connection.refuse"};
inline constexpr log::Event kNoCertificate{3104, log::Level::error, "certificate.none"};
inline constexpr log::Event kCertificateFinding{3105, log::Level::warning, "certificate.finding"};
inline constexpr log::Event kTlsFailed{3106, log::Level::warning, "tls.fail"};
inline constexpr log::Event kClientRefused{3107, log::Level::warning, "client.refuse"};
inline constexpr log::Event kRelayDenied{3108, log::Level::info, "relay.deny"};
inline constexpr log::Event kNoRoute{3109, log::Level::error, "route.missing"};
inline constexpr log::Event kMessageRefused{3110, log::Level::warning, "message.refuse"};
inline constexpr log::Event kStoreRefused{3111, log::Level::error, "message.not-stored"};
inline constexpr log::Event kProtocolLogLost{3112, log::Level::warning, "protocol-log.lost"};
inline constexpr log::Event kVerdictNotStored{3113, log::Level::error, "verdict.not-stored"};

}  // namespace postern::relay
