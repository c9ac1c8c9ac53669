// The inside of ServerSession: one automaton, its parts in three files. server_session.cc feeds it
// and finds command lines, server_commands.cc runs them, server_body.cc takes DATA and BDAT.
// Internal to smtp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "smtp/command.h"
#include "smtp/data.h"
#include "smtp/server_session.h"

namespace postern::smtp {

// Octets of a body too big that are still read for the sake of order; then the session ends.
constexpr std::uint64_t kMaxDiscardedOctets = 1ULL << 30;
// Rest of an over-long command line that is still skipped; then the session ends.
constexpr std::size_t kMaxSkippedOctets = 1 << 20;
// Commands that bring no message nearer (NOOP, RSET, a RCPT refused...), then 421.
constexpr unsigned kMaxIdleCommands = 1000;

// One BDAT.
struct BdatChunk {
  std::uint64_t left = 0;    // octets still to come
  std::uint64_t octets = 0;  // as announced
  bool last = false;
  std::optional<mail::Reply> refusal;  // skip_chunk: what to say when all has come
};

// From MAIL to the end of the body.
struct ServerTransaction {
  mail::Envelope envelope;
  bool bdat = false;  // the first BDAT has begun the body
  std::size_t chunks = 0;
  std::optional<BodyDecoder> decoder;
  bool aborted = false;  // AbortBody is out
};

struct ServerSession::State {
  enum class Phase {
    command,       // a line, or part of one
    skip_line,     // the rest of a line too long
    decide_mail,   // waiting for on_decision, input held
    decide_rcpt,   //
    decide_data,   //
    decide_chunk,  //
    data,          // content up to CR LF . CR LF
    chunk,         // content of one BDAT
    skip_chunk,    // octets of a BDAT that was refused
    stored,        // waiting for on_stored
    tls,           // 220 to STARTTLS is out
    closed,
  };
  explicit State(ServerOptions o) : options(std::move(o)) {}

  // --- server_session.cc ---
  void feed(std::string_view octets);
  std::size_t consume(std::string_view octets);       // runs what stands there, as far as it may
  std::size_t consume_some(std::string_view octets);  // one step; 0: more octets or events needed
  std::size_t consume_line(std::string_view octets);
  std::size_t skip_line(std::string_view octets);
  [[nodiscard]] bool waits() const;  // input is held until an event
  void resume();                     // after an event: what is held runs on
  void write(const mail::Reply& reply);
  void write_octets(std::string octets);
  void refuse_and_close(const mail::Reply& reply);
  void close();
  void ready();  // back to commands; shuts down where that was asked
  void reset_transaction();
  ServerActions take_actions() { return std::exchange(actions, {}); }
  [[nodiscard]] std::string closing_text(std::string_view why) const;

  // --- server_commands.cc ---
  void run_line(std::string_view line);
  [[nodiscard]] bool refuse_flood(const Command& command);
  [[nodiscard]] bool refuse_without_tls(const Command& command);
  void bad_command(const mail::Reply& reply);  // writes it, or 421 when there were too many
  void run(Command& command);
  void run_hello(const HelloArgument& argument, bool extended);
  void run_starttls(const Command& command);
  void run_mail(Command& command);
  void run_rcpt(Command& command);
  void run_data(const Command& command);
  void run_bdat(Command& command);
  void decided_mail(const mail::Reply& reply);
  void decided_recipient(const mail::Reply& reply);

  // --- server_body.cc ---
  void begin_decoder(BodyDecoder::Framing framing);
  void decided_data(const mail::Reply& reply);
  void decided_chunk(const mail::Reply& reply);
  std::size_t consume_data(std::string_view octets);
  std::size_t consume_chunk(std::string_view octets);
  std::size_t consume_skipped_chunk(std::string_view octets);
  void end_chunk();
  void skip_chunk(const mail::Reply& refusal);
  void take_body(std::string octets);  // hands on what was decoded, or gives the body up
  [[nodiscard]] bool gave_up_discarding();
  void end_body();
  [[nodiscard]] mail::Reply fault_reply() const;

  ServerOptions options;
  ServerActions actions;
  Phase phase = Phase::command;
  std::string held;  // octets not yet used: an unfinished line, or what a decision holds up
  bool tls = false;
  bool esmtp = false;
  bool shutting_down = false;
  bool last_mail_refused = false;  // pipelined RCPT and DATA behind it are no bad commands
  std::string helo;
  unsigned bad_commands = 0;
  unsigned idle_commands = 0;
  unsigned messages = 0;
  std::size_t skipped = 0;
  std::optional<ServerTransaction> transaction;
  std::optional<mail::Recipient> undecided;
  BdatChunk chunk;
};

}  // namespace postern::smtp
