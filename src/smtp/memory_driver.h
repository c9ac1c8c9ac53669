// A driver of ServerSession without socket, clock or disk, for tests, fuzzing and dialogues.
// Answers the session's questions at once, by simple rules of its own, and records what came of it:
//   sender    refused 550 5.7.1 at domain "refused.test", 451 4.7.1 at "deferred.test"
//   recipient taken at "rcpt.test" and "[...]" and for postmaster; 451 4.2.0 where the local part
//   is
//             "deferred"; else 550 5.7.1
//   body      refused 452 4.3.1 where the sender's local part is "full"
//   stored    250 2.0.0; 451 4.3.0 where the sender's local part is "broken-disk"
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtp/server_session.h"

namespace postern::smtp {

class MemoryDriver {
 public:
  struct Message {
    mail::Envelope envelope;
    std::string octets;
  };

  explicit MemoryDriver(ServerOptions options) : session_(std::move(options)) {}

  void connect() { run(session_.on_connect()); }
  void send(std::string_view octets) { run(session_.on_bytes(octets)); }
  void tls_ready() {
    starting_tls_ = false;
    run(session_.on_tls_ready());
  }
  void tls_failed() { run(session_.on_tls_failed()); }
  void timeout() { run(session_.on_timeout()); }
  void shutdown() { run(session_.on_shutdown()); }

  [[nodiscard]] ServerSession& session() { return session_; }
  // What the client was sent since the last call.
  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool starting_tls() const { return starting_tls_; }
  [[nodiscard]] bool body_open() const { return body_open_; }
  [[nodiscard]] const std::vector<Message>& messages() const { return messages_; }
  // Everything the session did, in order; the same for every segmentation.
  [[nodiscard]] const std::string& trace() const { return trace_; }
  // The session broke its contract (an action after Close, BodyData without BeginBody...).
  [[nodiscard]] const std::string& broken() const { return broken_; }

 private:
  void run(ServerActions actions) {
    while (!actions.empty()) {
      ServerActions more;
      for (ServerAction& action : actions) {
        if (closed_) note("an action after Close");
        if (!more.empty()) note("an action behind a question");
        more = std::visit([this](auto& a) { return on(a); }, action);
      }
      actions = std::move(more);
    }
  }
  ServerActions on(Write& action) {
    output_ += action.octets;
    trace_ += action.octets;
    return {};
  }
  ServerActions on(StartTls&) {
    starting_tls_ = true;
    return {};
  }
  ServerActions on(DecideMail& action) {
    const mail::Mailbox& from = action.reverse_path;
    trace_ += "[mail " + from.str() + "]";
    if (from.domain == "refused.test") return session_.on_decision(reply(550, 7, 1, "refused"));
    if (from.domain == "deferred.test") return session_.on_decision(reply(451, 7, 1, "later"));
    return session_.on_decision(reply(250, 1, 0, "sender ok"));
  }
  ServerActions on(DecideRecipient& action) {
    const mail::Mailbox& to = action.recipient.mailbox;
    trace_ += "[rcpt " + to.str() + "]";
    if (to.local == "deferred") return session_.on_decision(reply(451, 2, 0, "later"));
    const bool ours = to.domain == "rcpt.test" || to.domain.empty() || to.domain.starts_with('[');
    return session_.on_decision(ours ? reply(250, 1, 5, "recipient ok")
                                     : reply(550, 7, 1, "no relaying"));
  }
  ServerActions on(BeginBody& action) {
    if (body_open_) note("BeginBody inside a body");
    message_ = {std::move(action.envelope), {}};
    const bool full = message_.envelope.reverse_path.local == "full";
    body_open_ = !full;
    return session_.on_decision(full ? reply(452, 3, 1, "disk full") : reply(250, 0, 0, "go"));
  }
  ServerActions on(BodyData& action) {
    if (!body_open_) note("BodyData outside a body");
    message_.octets += action.octets;
    return {};
  }
  ServerActions on(EndBody&) {
    if (!body_open_) note("EndBody outside a body");
    body_open_ = false;
    trace_ += "[body " + message_.octets + "]";
    const bool broken = message_.envelope.reverse_path.local == "broken-disk";
    if (broken) return session_.on_stored(reply(451, 3, 0, "not stored"));
    messages_.push_back(std::move(message_));
    return session_.on_stored(reply(250, 0, 0, "stored"));
  }
  ServerActions on(AbortBody&) {
    if (!body_open_) note("AbortBody outside a body");
    body_open_ = false;
    trace_ += "[abort " + message_.octets + "]";
    return {};
  }
  ServerActions on(Close&) {
    closed_ = true;
    starting_tls_ = false;
    if (body_open_) note("Close with a body open");
    trace_ += "[close]";
    return {};
  }
  static mail::Reply reply(int code, int subject, int detail, std::string text) {
    return mail::Reply(code, {code / 100, subject, detail}, std::move(text));
  }
  void note(std::string_view what) {
    if (broken_.empty()) broken_ = what;
  }

  ServerSession session_;
  std::string output_, trace_, broken_;
  Message message_;
  std::vector<Message> messages_;
  bool closed_ = false, starting_tls_ = false, body_open_ = false;
};

}  // namespace postern::smtp
