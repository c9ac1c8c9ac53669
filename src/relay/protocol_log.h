// The protocol log in Exchange's field layout, so that tools for Exchange's logs read ours:
// #Fields:
// date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context
// One file a direction (RECVyyyymmdd-n.log, SENDyyyymmdd-n.log) in a folder; a new file each UTC
// day and at the size limit, old ones are removed past the age limit. Quoting as RFC 4180.
// Thread-safe; lines of one session keep their order. A full disk costs log lines (counted, told
// once a minute), never mail. Never message bodies, never AUTH secrets.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "x509/certificate.h"

namespace postern::relay {

enum class Direction { receive, send };

struct ProtocolLogSettings {
  std::string folder;  // empty: off
  std::uint64_t max_size = 10 << 20;
  std::uint64_t max_total = 0;  // of all files together, about; 0: no limit
  Duration max_age{};
};

class ProtocolLog {
 public:
  ProtocolLog(const Clock& clock, ProtocolLogSettings settings);
  ~ProtocolLog();
  void reconfigure(ProtocolLogSettings settings);

  struct Line {
    Direction direction = Direction::receive;
    std::string_view connector;
    SessionId session;
    unsigned sequence = 0;
    std::string_view local, remote;  // "127.0.0.1:25"
    char event = '*';                // + - > < *
    std::string_view data, context;
  };
  void write(const Line& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One connection's view of the log: remembers the fixed fields and counts. Off (connector not
// logged): does nothing.
class SessionLog {
 public:
  SessionLog() = default;
  SessionLog(ProtocolLog& log, Direction direction, std::string connector, SessionId session,
             bool enabled);
  void set_endpoints(std::string local, std::string remote);
  void write(char event, std::string_view data, std::string_view context = {});
  // One line of the log for each line of `text` (CRLF between them).
  void lines(char event, std::string_view text);
  // The certificate facts line of the newer Exchange layout: subject issuer serial thumbprint
  // notBefore notAfter SANs, context "Sending certificate ..." / "Remote certificate ...".
  void certificate(const x509::Certificate& certificate, bool remote);

 private:
  ProtocolLog* log_ = nullptr;
  Direction direction_ = Direction::receive;
  std::string connector_, local_, remote_;
  SessionId session_;
  unsigned sequence_ = 0;
};

}  // namespace postern::relay
