// Exchange's protocol logs (SmtpReceive, SmtpSend):
//   date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context
// with event + - > < or *, RFC 4180 quoting, sessions interleaved. The certificates of a handshake
// stand in "*" lines, in two layouts: one fact a line (2013), or all in one line (2016 and later).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "explain/dialects/dialect.h"

namespace postern::explain {

struct ProtocolLine {
  std::string connector, session, local, remote;
  char event = '*';
  std::string data, context;
  // The end that writes this log, told by the ports; unknown where they do not say.
  [[nodiscard]] Side written_by() const;
};
// nullopt: it is no such line.
[[nodiscard]] std::optional<ProtocolLine> parse_protocol_line(std::string_view line);

[[nodiscard]] std::unique_ptr<Dialect> make_exchange_protocol();

}  // namespace postern::explain
