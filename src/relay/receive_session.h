// One connection to a receive connector: drives smtp::ServerSession over the stream, on the
// stream's loop. Deadlines: Timeouts of the configuration, and four bounds against clients that
// send just enough to stay: a command line as a whole has `server_command`, content has a least
// rate, a session without an accepted message has `server_session`, and replies nobody reads end
// it. Internal to reception.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/executor.h"
#include "net/stream.h"
#include "relay/body_intake.h"
#include "relay/client_judge.h"
#include "relay/protocol_log.h"
#include "relay/reception_core.h"
#include "smtp/server_session.h"

namespace postern::relay {

// Content may come slower than this on average only for the first kBodyGrace of a message.
constexpr std::uint64_t kMinBodyOctetsPerSecond = 512;
constexpr std::chrono::seconds kBodyGrace{120};
// Replies gathered before they are sent.
constexpr std::size_t kMaxPendingOutput = 64 * 1024;
// Of one write of a refused connection.
constexpr Duration kRefusalTimeout{5'000};

// From a MAIL to the end of its message.
struct ReceiveTransaction {
  mail::Mailbox sender;
  ClientFacts client;              // with what a partner's policy adds
  Judgement* judgement = nullptr;  // the verdict that the message goes with
  std::vector<store::NewRecipient> recipients;
};

class ReceiveSession : public std::enable_shared_from_this<ReceiveSession> {
 public:
  // `refusal`: what the client reads in place of the greeting. `counted`: limits.connect() admitted
  // it.
  ReceiveSession(std::shared_ptr<ReceptionCore> core, std::shared_ptr<const Connector> connector,
                 std::unique_ptr<net::Stream> stream, io::Executor executor,
                 std::optional<mail::Reply> refusal, bool counted);
  ~ReceiveSession();
  ReceiveSession(const ReceiveSession&) = delete;
  ReceiveSession& operator=(const ReceiveSession&) = delete;

  // The whole session.
  [[nodiscard]] static io::Task<void> run(std::shared_ptr<ReceiveSession> self);
  [[nodiscard]] const io::Executor& executor() const { return executor_; }
  // 421 at the next moment that is allowed. On its loop.
  void shut_down();
  // Ends at once. On its loop.
  void abort();

 private:
  using Steady = std::chrono::steady_clock;

  // --- receive_session.cc: the driver ---
  io::Task<void> serve();
  io::Task<bool> turn();  // one read and what follows from it; false: over
  io::Task<bool> perform(smtp::ServerActions actions);
  io::Task<smtp::ServerActions> act(smtp::ServerAction action);
  io::Task<bool> flush();
  io::Task<bool> secure();
  void queue_output(const std::string& octets);
  [[nodiscard]] std::optional<Duration> time_left() const;  // nullopt: none
  void note_progress(std::size_t octets);
  void log_connect();
  void log_command(std::string_view line);
  void log_handshake();
  [[nodiscard]] smtp::ServerOptions options();

  // --- receive_decisions.cc: what the client may do ---
  void tell_client_certificate(const Judgement* judgement) const;
  io::Task<mail::Reply> decide_mail(mail::Mailbox sender);
  io::Task<mail::Reply> decide_recipient(mail::Recipient recipient);
  [[nodiscard]] mail::Reply route_recipient(mail::Recipient recipient, mail::Reply accepted);
  [[nodiscard]] mail::Reply begin_body(mail::Envelope envelope);
  io::Task<mail::Reply> end_body();
  [[nodiscard]] store::NewMessage make_message(MessageId id, Time now);
  [[nodiscard]] mail::ReceivedField received_field(MessageId id, Time now) const;
  [[nodiscard]] std::string accept_data(std::uint64_t size) const;
  // True: the verdict stands in the store, and a reply may name its id.
  io::Task<bool> store_verdict(Judgement* judgement);

  std::shared_ptr<ReceptionCore> core_;
  std::shared_ptr<const Connector> connector_;
  std::unique_ptr<net::Stream> stream_;
  io::Executor executor_;
  std::optional<mail::Reply> refusal_;
  const bool counted_;
  const SessionId id_;
  SessionLog log_;
  ClientJudge client_;
  smtp::ServerSession smtp_;

  std::optional<ReceiveTransaction> transaction_;
  mail::Envelope envelope_;  // of the body under way
  std::unique_ptr<BodyIntake> intake_;
  std::string out_;
  std::string end_ = "closed by the client";  // why the session ended, for the protocol log
  bool reading_ = false;
  bool shutting_down_ = false, told_ = false;
  bool command_seen_ = false;
  Steady::time_point line_since_ = Steady::now();
  std::optional<Steady::time_point> body_since_;
  std::uint64_t body_octets_ = 0;
  Steady::time_point message_since_ = Steady::now();  // the last accepted message, or the start
};

}  // namespace postern::relay
