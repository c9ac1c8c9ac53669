// The inside of ClientSession: commands planned, sent and owed a reply. client_session.cc gets the
// session ready, client_transaction.cc carries messages. Internal to smtp.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "smtp/client_session.h"
#include "smtp/data.h"
#include "smtp/reply_parser.h"

namespace postern::smtp {

struct ClientSession::State {
  // What a reply will answer.
  enum class Owed {
    greeting,
    ehlo,
    helo,
    starttls,
    mail,
    rcpt,
    data,
    chunk,  // a BDAT but the last
    final_dot,
    lone_dot,  // the empty message after 354 without recipients (RFC 2920 s3.1)
    clear,     // RSET before the next MAIL, nobody asked for it
    rset,
    quit,
  };
  struct Planned {
    Owed owed;
    std::string line;  // with CR LF
  };
  enum class Phase { open, tls, closed };
  enum class Content { none, dots, chunks };  // what body() does

  explicit State(std::string name) : helo_name(std::move(name)) { owed.push_back(Owed::greeting); }

  // --- client_session.cc ---
  void feed(std::string_view octets);
  void plan(Owed what, std::string line);
  void pump();  // sends what may go: all where PIPELINING, else one at a time
  void write(std::string octets);
  void protocol_error(std::string what, std::string received);
  void on_reply(mail::Reply reply, bool asked);
  [[nodiscard]] static bool belongs_to_transaction(Owed owed);
  void on_session_reply(Owed what, mail::Reply reply);
  void closing(const mail::Reply& reply, Owed what);  // 421
  void read_capabilities(const mail::Reply& reply);
  ClientActions take_actions() { return std::exchange(actions, {}); }

  // --- client_transaction.cc ---
  void begin(const Transaction& t, bool use_chunking);
  [[nodiscard]] std::string mail_line(const Transaction& t) const;
  [[nodiscard]] std::string rcpt_line(const mail::Recipient& recipient) const;
  void on_transaction_reply(Owed what, mail::Reply reply);
  void on_mail(mail::Reply reply);
  void on_recipient(mail::Reply reply);
  void recipients_answered();
  void on_data(mail::Reply reply);
  void on_chunk(Owed what, mail::Reply reply);
  [[nodiscard]] bool any_recipient() const;
  void send_dots(std::string_view octets, bool last);
  void send_chunks(std::string_view octets, bool last);
  void send_chunk(std::string_view octets, bool last);
  void done();

  std::string helo_name;
  std::uint64_t replies = 0;
  ClientActions actions;
  Phase phase = Phase::open;
  ReplyParser parser;
  std::deque<Owed> owed;        // sent, in order
  std::deque<Planned> planned;  // not sent
  bool greeted = false;         // with 220
  bool over_tls = false;        // after STARTTLS
  Capabilities capabilities;

  std::optional<TransactionDone> transaction;
  std::size_t recipients_owed = 0;
  bool chunking = false;
  Content content = Content::none;
  DotStuffer stuffer;
  std::string unsent;  // less than a chunk
  std::size_t chunks_owed = 0;
  bool needs_reset = false;  // the server still holds a transaction that failed
};

}  // namespace postern::smtp
