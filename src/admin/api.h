// The admin API as values: what a request asks for, and how a client writes the same thing. Both
// directions stand here, so they cannot drift. Pure; server.h owns sockets, handler.h the gateway.
// Requests come from the socket's owner, but are read as hostile: every list and number is bounded.
// Forms: docs/json/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json_fwd.h"
#include "relay/control.h"

namespace postern::admin {

constexpr std::size_t kMaxTargetOctets = 8 * 1024;
constexpr std::size_t kMaxRequestOctets = 1 << 20;  // body
constexpr std::size_t kMaxIds = 10'000;             // of one selector
constexpr std::size_t kMaxTraceLimit = 10'000;      // messages of one answer
constexpr std::size_t kDefaultTraceLimit = 1000;

struct Request {
  std::string method;  // upper case
  std::string target;  // path and query, as it came
  std::string body;    // JSON; empty: none
};

// `body` is always JSON: the answer, or {"error": "..."}.
struct Response {
  unsigned status = 200;
  std::string body = "{}";
};
[[nodiscard]] Response error_response(unsigned status, std::string_view error);

// What a request asks for.
struct Refusal {
  unsigned status = 400;
  std::string error;
};
struct GetStatus {};
struct GetQueue {};
struct GetMessage {
  MessageId id;
};
struct GetTrace {
  store::TraceFilter filter;
};
struct GetVerdict {
  VerdictId id;
};
struct GetCertificates {};
struct GetSelection {  // which certificate a connector presents
  std::string connector, sni;
};
struct GetTrust {
  std::string set;  // empty: all
};
struct Retry {
  std::string destination;  // empty: every destination
};
struct Change {
  relay::Action action = relay::Action::hold;
  relay::Selector selector;
  bool all = false;  // every message the action applies to: only when said so
  std::optional<Time> extend_until;
};
struct Allow {
  std::string blocker;
  verdict::PolicyException exception;  // `by` is what the client says; may be empty
};
struct Reload {};
using Call = std::variant<Refusal, GetStatus, GetQueue, GetMessage, GetTrace, GetVerdict,
                          GetCertificates, GetSelection, GetTrust, Retry, Change, Allow, Reload>;

// Never fails: what cannot be understood is a Refusal with the words for the client.
[[nodiscard]] Call parse_request(const Request& request);

// The request that asks for this; parse_request reads it back.
[[nodiscard]] Request make_request(const GetStatus& call);
[[nodiscard]] Request make_request(const GetQueue& call);
[[nodiscard]] Request make_request(const GetMessage& call);
[[nodiscard]] Request make_request(const GetTrace& call);
[[nodiscard]] Request make_request(const GetVerdict& call);
[[nodiscard]] Request make_request(const GetCertificates& call);
[[nodiscard]] Request make_request(const GetSelection& call);
[[nodiscard]] Request make_request(const GetTrust& call);
[[nodiscard]] Request make_request(const Retry& call);
[[nodiscard]] Request make_request(const Change& call);
[[nodiscard]] Request make_request(const Allow& call);
[[nodiscard]] Request make_request(const Reload& call);

// "hold", "release", "return", "extend", "resubmit": in paths and commands.
[[nodiscard]] std::string_view to_string(relay::Action action);

}  // namespace postern::admin
