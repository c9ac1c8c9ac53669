// The message's content: DATA up to its end, BDAT chunk by chunk (RFC 3030). A body that is refused
// is still read to its end, so that nothing in it can be taken for a command.
#include <algorithm>
#include <utility>

#include "smtp/server_state.h"

namespace postern::smtp {

using mail::EnhancedCode;
using mail::Reply;

void ServerSession::State::begin_decoder(BodyDecoder::Framing framing) {
  transaction->decoder.emplace(
      BodyDecoder::Options{framing, options.max_message_size, options.allow_bare_newlines});
}

void ServerSession::State::decided_data(const Reply& reply) {
  if (reply.code() == 421) return refuse_and_close(reply);
  if (!reply.positive()) {
    reset_transaction();
    last_mail_refused = true;
    write(reply);
    return ready();
  }
  begin_decoder(BodyDecoder::Framing::data);
  write(Reply(354, "Start mail input; end with <CRLF>.<CRLF>"));
  phase = Phase::data;
}

std::size_t ServerSession::State::consume_data(std::string_view octets) {
  BodyDecoder& decoder = *transaction->decoder;
  std::string decoded;
  decoded.reserve(octets.size());
  const std::size_t taken = decoder.feed(octets, decoded);
  take_body(std::move(decoded));
  if (decoder.ended()) {
    end_body();
  } else if (gave_up_discarding()) {
    refuse_and_close(fault_reply());
  }
  return taken;
}

void ServerSession::State::take_body(std::string octets) {
  if (!octets.empty()) {
    BodyData* last = actions.empty() ? nullptr : std::get_if<BodyData>(&actions.back());
    if (last) {
      last->octets += octets;
    } else {
      actions.emplace_back(BodyData{std::move(octets)});
    }
  }
  if (transaction->decoder->fault() != BodyFault::none && !transaction->aborted) {
    actions.emplace_back(AbortBody{});
    transaction->aborted = true;
  }
}

bool ServerSession::State::gave_up_discarding() {
  return transaction->decoder->discarded() > kMaxDiscardedOctets;
}

// The whole content is here. RFC 5321 s4.1.1.4: after it the buffers are empty, whatever the reply.
void ServerSession::State::end_body() {
  if (transaction->decoder->fault() != BodyFault::none) {
    write(fault_reply());
    reset_transaction();
    last_mail_refused = false;
    ++messages;
    return ready();
  }
  actions.emplace_back(EndBody{});
  transaction.reset();
  phase = Phase::stored;
}

Reply ServerSession::State::fault_reply() const {
  switch (transaction->decoder->fault()) {
    case BodyFault::too_big:
      return Reply(552, EnhancedCode{5, 3, 4}, "Message size exceeds fixed limit");
    case BodyFault::nul:
      return Reply(550, EnhancedCode{5, 6, 0}, "Message refused: it contains a NUL octet");
    default:
      return Reply(550, EnhancedCode{5, 6, 0},
                   "Message refused: it contains a bare CR or LF (RFC 5321 section 2.3.8)");
  }
}

// --- BDAT ---

void ServerSession::State::decided_chunk(const Reply& reply) {
  if (reply.code() == 421) return refuse_and_close(reply);
  if (!reply.positive()) return skip_chunk(reply);
  begin_decoder(BodyDecoder::Framing::bdat);
  phase = Phase::chunk;
  if (chunk.left == 0) end_chunk();
}

std::size_t ServerSession::State::consume_chunk(std::string_view octets) {
  const std::size_t taken =
      static_cast<std::size_t>(std::min<std::uint64_t>(octets.size(), chunk.left));
  std::string decoded;
  decoded.reserve(taken);
  transaction->decoder->feed(octets.substr(0, taken), decoded);
  take_body(std::move(decoded));
  chunk.left -= taken;
  if (chunk.left == 0) end_chunk();
  return taken;
}

// RFC 3030 s2: each chunk has its reply. A fault is told at the end of the chunk that holds it;
// what the client has pipelined behind then finds no transaction.
void ServerSession::State::end_chunk() {
  if (chunk.last) {
    std::string decoded;
    transaction->decoder->finish(decoded);
    take_body(std::move(decoded));
    return end_body();
  }
  if (transaction->decoder->fault() != BodyFault::none) {
    write(fault_reply());
    reset_transaction();
    last_mail_refused = true;
    return ready();
  }
  write(Reply(250, EnhancedCode{2, 0, 0}, std::to_string(chunk.octets) + " octets received"));
  ready();
}

// The chunk's octets are read and dropped; then comes `refusal`, and the transaction is over. A
// client that announces more than anybody would read is told at once.
void ServerSession::State::skip_chunk(const Reply& refusal) {
  if (transaction) last_mail_refused = true;  // what is pipelined behind is no bad command
  reset_transaction();
  chunk.refusal = refusal;
  if (chunk.left > options.max_message_size + kMaxDiscardedOctets) {
    return refuse_and_close(refusal);
  }
  phase = Phase::skip_chunk;
  if (chunk.left == 0) consume_skipped_chunk({});
}

std::size_t ServerSession::State::consume_skipped_chunk(std::string_view octets) {
  const std::size_t taken =
      static_cast<std::size_t>(std::min<std::uint64_t>(octets.size(), chunk.left));
  chunk.left -= taken;
  if (chunk.left != 0) return taken;
  phase = Phase::command;
  const Reply refusal = *std::exchange(chunk.refusal, std::nullopt);
  if (last_mail_refused) {
    write(refusal);
  } else {
    bad_command(refusal);
  }
  if (phase != Phase::closed) ready();
  return taken;
}

}  // namespace postern::smtp
