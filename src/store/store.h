// The store: messages, their recipients, blockers, trace. One interface; sqlite/ is the embedded
// default.
//
// Durability. A write is on stable storage when its `done` is called with success (SQLite:
// committed with synchronous=FULL, bodies in files fsynced before). Writes are grouped: one writer
// thread commits what arrived since its last commit in one transaction, so many sessions share one
// fsync. After a failed commit every write of the group gets the error and none of them happened
// (the store overwrites what the failed commit may have left in the log before it accepts more; on
// a disk that fails this too a refused message may come back after a restart, never the reverse).
// One write that is refused for what it says (no_message, no_body) leaves its group unharmed.
// Threads. All functions may be called from any thread. `done` runs on the writer thread: post
// away, never block there. Reads block the caller (call them on a pool) and see every write that
// was done before. `done` is called exactly once for every write, also for one that is refused, and
// on destruction after everything queued was committed. Claims live in memory of this process; a
// restart forgets them, so what was in flight is sent again (RFC 5321 s4.5.4.1 window).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "mail/envelope.h"

namespace postern::store {

// State of one recipient. Text forms are the enumerators' names; they are in JSON and in the
// database.
enum class Status {
  pending,  // waits for its destination (queued, deferred or behind a blocker: the scheduler knows
            // which)
  held,     // by the operator: not attempted until released
  delivered,  // the next hop answered 250, or the drop file is durable
  failed,     // refused for good; a failure DSN was issued where one is due
  expired,    // past its lifetime, or returned by the operator; recoverable for retain_expired
};
[[nodiscard]] std::string_view to_string(Status s);
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);

// A message body (header section included) on its way in. Small ones stay in memory, larger ones go
// to a file of the store. Not thread-safe; destroyed without accept(): everything it wrote is
// removed.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  [[nodiscard]] virtual Result<void> append(
      std::string_view octets) = 0;  // Errors: of the disk, ENOSPC among them
  // Puts octets before all that was appended (the Received field is known last). At most once, at
  // most kMaxPrefixOctets.
  virtual void set_prefix(std::string octets) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;  // octets with prefix
};
constexpr std::size_t kMaxPrefixOctets = 64 * 1024;
constexpr std::uint64_t kMaxQueuedOctets = 64 << 20;  // of bodies in memory that wait for a commit

class BodyReader {
 public:
  virtual ~BodyReader() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Up to `max` octets from `offset`; empty at the end.
  [[nodiscard]] virtual Result<std::string> read(std::uint64_t offset, std::size_t max) = 0;
};

struct NewRecipient {
  mail::Recipient recipient;
  std::string destination;  // policy::Destination::key()
};

// Facts about a message that stay with it.
struct MessageFacts {
  MessageId id;
  mail::Mailbox reverse_path;
  mail::Body body = mail::Body::seven_bit;
  bool smtputf8 = false;
  mail::DsnReturn ret = mail::DsnReturn::unspecified;
  std::string envid;
  std::uint64_t size = 0;  // octets of the body with prefix; accept() sets it from the body
  Time arrival{};
  std::string message_id;  // header field
  std::string subject;
  bool auto_submitted = false;
  bool list_mail = false;
  bool notify_sender =
      false;              // came by relay_from or a client certificate: delay notices may go to him
  std::string connector;  // receive connector; "postern" for what we made ourselves (DSN, alert)
  std::string client;     // "10.0.0.5 (app1.contoso.com)"
  std::string expire_at;  // RFC 3339 where the operator extended it; empty: arrival + lifetime
};

struct NewMessage {
  MessageFacts facts;
  std::vector<NewRecipient> recipients;
  std::unique_ptr<BodyWriter> body;
};

struct RecipientState {
  std::uint32_t index = 0;  // within the message
  mail::Recipient recipient;
  std::string destination;
  Status status = Status::pending;
  std::string code;        // catalog code of the last trouble; "none"
  std::string last_error;  // in the wrapped form of queue and trace; empty: none
  Time changed{};
  bool delay_notified = false;
};

struct StoredMessage {
  MessageFacts facts;
  std::vector<RecipientState> recipients;
};

// One line of a message's trace. `event` is noun.verb (docs/operations.md); `data` is a JSON object
// as text.
struct Event {
  MessageId message;
  std::int64_t recipient = -1;  // index; -1: the message as a whole
  Time time{};
  std::string event;
  std::string data = "{}";
};

// What one attempt (or operator) did to one recipient. A final recipient may become pending again
// (resubmit) while the body is kept; store_errc::no_body otherwise, no_message when there is no
// such recipient.
struct Change {
  MessageId message;
  std::uint32_t recipient = 0;
  Status status = Status::pending;
  std::string code = "none";
  std::string last_error;
  std::optional<bool> delay_notified;
  Time time{};  // when; unset: now by the machine's clock
  // The change happens only where the recipient is still in this state; it is dropped silently
  // otherwise: somebody else decided meanwhile.
  std::optional<Status> only_from;
};

struct StoredVerdict {
  VerdictId id;
  Time time{};
  std::string json;           // verdict::to_json
  std::string evidence_json;  // verdict::to_json(Evidence); may be empty
};

struct StoredBlocker {
  BlockerId id;
  std::string destination;
  std::string json;  // relay's own form: code, history, next probe, notices
};

// One atomic group of writes, done in the order of its members but `accept` first, so that events
// may belong to a message of the same batch. Events of an unknown message are dropped.
struct Batch {
  std::vector<Change> changes;
  std::vector<Event> events;
  std::vector<StoredVerdict> verdicts;
  std::vector<StoredBlocker> save_blockers;
  std::vector<BlockerId> remove_blockers;
  std::vector<NewMessage> accept;  // DSNs and alerts, durable together with what caused them
  std::vector<std::pair<MessageId, std::string>> extend;  // message -> expire_at
  std::vector<std::pair<std::string, std::string>>
      notes;  // key -> value, small process state ("destination:KEY" -> JSON); "" removes
};

struct DestinationCount {
  std::string destination;
  std::uint64_t pending = 0, held = 0;  // recipients
  std::uint64_t messages = 0;           // messages with a pending recipient
  Time oldest{};
};

struct TraceFilter {
  std::string sender, recipient;  // address, or "@domain"; case-insensitive; sender "<>": the null
                                  // reverse-path
  std::string message_id;         // header field or our id
  std::optional<Time> since, until;
  std::optional<Status> status;
  std::string code;
  std::string destination;   // a next hop or recipient domain contained in the destination key
  std::size_t limit = 1000;  // the newest; they come in order of arrival
};
struct TracedMessage {
  StoredMessage message;
  std::vector<Event> events;
  bool body_available = false;
};

// Bodies of finished messages with a failed or expired recipient are kept for `expired`, those of
// delivered ones for `delivered` (OpenOptions::retain_delivered; they are deleted with their last
// recipient otherwise). The record of a finished message without body, its events, and verdicts are
// kept for `trace`.
struct Retention {
  Duration expired{}, delivered{}, trace{};
  std::uint64_t expired_size = 0, delivered_size = 0, trace_size = 0;  // octets; 0: no cap
};

using Done = std::function<void(Result<void>)>;

class Store {
 public:
  virtual ~Store() = default;

  // Reception. Errors of new_body: low free space (store_errc::no_space) or the disk's. Notices
  // that we make ourselves may use the space that is kept free: they are few and small.
  enum class Use { reception, notice };
  [[nodiscard]] virtual Result<std::unique_ptr<BodyWriter>> new_body(Use use = Use::reception) = 0;
  // All recipients are pending from then on. Refused with store_errc::busy while more than
  // kMaxQueuedOctets wait for the disk; apply() never is.
  virtual void accept(NewMessage message, Done done) = 0;
  virtual void apply(Batch batch, Done done) = 0;

  // The oldest pending messages of `destination` in order of arrival, not claimed yet; claimed now.
  // Each holds only its recipients of that destination that are pending. finish() gives a claim
  // back, whatever became of it; call it after the `done` of the apply() that says so, or the
  // message is claimed again. Cost: O(limit), whatever waits. finish() never waits for the disk nor
  // for a claim under way: event loops may call it.
  [[nodiscard]] virtual Result<std::vector<StoredMessage>> claim(const std::string& destination,
                                                                 std::size_t limit) = 0;
  virtual void finish(const std::string& destination, MessageId message) = 0;
  // Claims this one message, whatever its place and state, so that no session takes it meanwhile;
  // false: it is claimed already. What is read of it afterwards holds until finish().
  [[nodiscard]] virtual bool claim_one(const std::string& destination, MessageId message) = 0;
  [[nodiscard]] virtual bool is_claimed(const std::string& destination, MessageId message) = 0;

  [[nodiscard]] virtual Result<std::unique_ptr<BodyReader>> open_body(
      MessageId id) = 0;  // store_errc::no_body when not kept

  // Reads.
  [[nodiscard]] virtual Result<std::vector<DestinationCount>> destinations() = 0;
  [[nodiscard]] virtual Result<std::optional<TracedMessage>> message(MessageId id) = 0;
  [[nodiscard]] virtual Result<std::vector<TracedMessage>> trace(const TraceFilter& filter) = 0;
  // Pending messages of a destination without claiming, oldest first: for lists, notices and
  // lifetimes.
  [[nodiscard]] virtual Result<std::vector<StoredMessage>> pending(const std::string& destination,
                                                                   std::size_t limit) = 0;
  // Pending messages that arrived before `before` and (when `not_notified`) have a recipient
  // without a delay notice (only those recipients are given then). Taken in order of arrival from
  // the one behind `after` (none: the oldest) up to the first younger one.
  [[nodiscard]] virtual Result<std::vector<StoredMessage>> older_than(
      const std::string& destination, Time before, bool not_notified, MessageId after,
      std::size_t limit) = 0;
  [[nodiscard]] virtual Result<std::vector<StoredBlocker>> blockers() = 0;
  [[nodiscard]] virtual Result<std::optional<StoredVerdict>> verdict(VerdictId id) = 0;
  [[nodiscard]] virtual Result<std::vector<std::pair<std::string, std::string>>> notes(
      std::string_view prefix) = 0;

  // Moves pending and held recipients to the destination that `route(recipient domain)` gives now
  // (after a configuration change). Runs on the writer thread in slices, so other writes go on; a
  // claimed message is moved too, and cannot be claimed at its new destination before finish().
  virtual void reroute(
      std::function<std::string(std::string_view domain, std::string_view old)> route,
      Done done) = 0;
  // Deletes what is past its retention, oldest first where a size cap is passed, in slices. Called
  // about once a minute.
  virtual void purge(Time now, const Retention& retention, Done done) = 0;

  [[nodiscard]] virtual std::uint64_t free_space() = 0;  // of the file system, asked now: blocks
};

enum class store_errc {
  no_space = 1,
  no_body,
  no_message,  // no such message or recipient
  busy,        // another process has the store, or too much waits for the disk
  newer_schema,
  older_schema,  // read-only: only a gateway migrates
  read_only,
  corrupt,  // damaged, or no store of Postern
};
[[nodiscard]] std::error_code make_error_code(store_errc e);

struct OpenOptions {
  std::uint64_t body_memory = 256 * 1024;
  std::uint64_t min_free_space = 64 << 20;
  // For commands, whether a gateway runs or not: no lock, no migration, every write refused.
  bool read_only = false;
  // Keep bodies of delivered messages until purge: set where retain_delivered > 0 is configured.
  bool retain_delivered = false;
};
// `spec`: "sqlite:/absolute/path.db". Creates folder (0700) and file (0600), migrates an older
// schema, refuses a newer one, takes a lock so that two gateways never share one store (busy),
// removes bodies that no message owns.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(const std::string& spec,
                                                        const OpenOptions& options);

}  // namespace postern::store

template <>
struct std::is_error_code_enum<postern::store::store_errc> : std::true_type {};
