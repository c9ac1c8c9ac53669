// One message on a session that is ready: MAIL, RCPT, then DATA or BDAT. RFC 5321 s3.3, RFC 2920,
// RFC 3030.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "smtp/client_state.h"

namespace postern::smtp {

using mail::Reply;

namespace {

// Pieces smaller than this wait for more before they become a BDAT.
constexpr std::size_t kMinChunkOctets = 64 * 1024;

std::string format_notify(unsigned notify) {
  if ((notify & mail::kNotifyNever) != 0) return "NEVER";
  std::string out;
  const auto add = [&out](std::string_view word) {
    if (!out.empty()) out += ',';
    out += word;
  };
  if ((notify & mail::kNotifySuccess) != 0) add("SUCCESS");
  if ((notify & mail::kNotifyFailure) != 0) add("FAILURE");
  if ((notify & mail::kNotifyDelay) != 0) add("DELAY");
  return out;
}

// An address from the store must not become a second command.
bool is_one_line(std::string_view line) {
  return line.find_first_of(std::string_view("\r\n\0", 3)) == line.size() - 2;
}

}  // namespace

void ClientSession::State::begin(const Transaction& t, bool use_chunking) {
  if (t.recipients.empty() || t.recipients.size() > kMaxRecipientsPerTransaction) {
    return protocol_error("a transaction has 1 to 100 recipients", "");
  }
  transaction.emplace();
  transaction->recipients.resize(t.recipients.size());
  recipients_owed = t.recipients.size();
  chunking = use_chunking && capabilities.chunking;
  content = Content::none;
  stuffer = {};
  unsent.clear();
  chunks_owed = 0;
  if (std::exchange(needs_reset, false)) plan(Owed::clear, "RSET\r\n");
  plan(Owed::mail, mail_line(t));
  for (const mail::Recipient& recipient : t.recipients) plan(Owed::rcpt, rcpt_line(recipient));
  if (!std::all_of(planned.begin(), planned.end(),
                   [](const Planned& p) { return is_one_line(p.line); })) {
    return protocol_error("an address holds a line end", "");
  }
  // With BDAT one round trip tells first who is refused: a chunk cannot be taken back.
  if (!chunking && capabilities.pipelining) plan(Owed::data, "DATA\r\n");
  pump();
}

std::string ClientSession::State::mail_line(const Transaction& t) const {
  std::string line = "MAIL FROM:<" + t.reverse_path.str() + ">";
  if (capabilities.size) line += " SIZE=" + std::to_string(t.size);
  if (capabilities.eight_bit_mime && t.body == mail::Body::eight_bit_mime) line += " BODY=8BITMIME";
  if (capabilities.binary_mime && chunking && t.body == mail::Body::binary_mime) {
    line += " BODY=BINARYMIME";
  }
  if (capabilities.smtputf8 && t.smtputf8) line += " SMTPUTF8";
  if (capabilities.dsn && t.ret == mail::DsnReturn::full) line += " RET=FULL";
  if (capabilities.dsn && t.ret == mail::DsnReturn::headers) line += " RET=HDRS";
  if (capabilities.dsn && !t.envid.empty()) line += " ENVID=" + t.envid;
  return line + "\r\n";
}

std::string ClientSession::State::rcpt_line(const mail::Recipient& recipient) const {
  std::string line = "RCPT TO:<" + recipient.mailbox.str() + ">";
  if (capabilities.dsn && recipient.notify != 0) {
    line += " NOTIFY=" + format_notify(recipient.notify);
  }
  if (capabilities.dsn && !recipient.orcpt.empty()) line += " ORCPT=" + recipient.orcpt;
  return line + "\r\n";
}

// --- replies ---

void ClientSession::State::on_transaction_reply(Owed what, Reply reply) {
  // RFC 5321 s4.2.1, s4.3.2: only 2yz completes a command, and only DATA goes on after a 3yz. A
  // message whose last octet was answered so was not taken.
  if (what != Owed::data && !reply.positive() && !reply.negative()) {
    return protocol_error("a reply that neither completes nor refuses the command", reply.str());
  }
  switch (what) {
    case Owed::clear:  // a refused RSET shows at MAIL
      return;
    case Owed::mail:
      return on_mail(std::move(reply));
    case Owed::rcpt:
      return on_recipient(std::move(reply));
    case Owed::data:
      return on_data(std::move(reply));
    case Owed::chunk:
      return on_chunk(what, std::move(reply));
    case Owed::lone_dot:  // an empty message for nobody; the server may have taken it
      return done();
    default:
      if (chunking) return on_chunk(what, std::move(reply));
      transaction->final = std::move(reply);
      return done();
  }
}

void ClientSession::State::on_mail(Reply reply) {
  const bool taken = reply.positive();
  transaction->mail = std::move(reply);
  needs_reset = taken;
  if (!taken && owed.empty()) {  // nothing behind it is out yet
    planned.clear();
    done();
  }
}

void ClientSession::State::on_recipient(Reply reply) {
  const std::size_t index = transaction->recipients.size() - recipients_owed;
  transaction->recipients[index] = std::move(reply);
  --recipients_owed;
  if (recipients_owed == 0) recipients_answered();
}

bool ClientSession::State::any_recipient() const {
  return transaction->mail && transaction->mail->positive() &&
         std::any_of(transaction->recipients.begin(), transaction->recipients.end(),
                     [](const auto& reply) { return reply && reply->positive(); });
}

void ClientSession::State::recipients_answered() {
  if (!owed.empty()) return;  // DATA is out already
  if (!any_recipient()) return done();
  if (!chunking) return plan(Owed::data, "DATA\r\n");
  content = Content::chunks;
  actions.emplace_back(NeedBody{});
}

void ClientSession::State::on_data(Reply reply) {
  const bool go = reply.code() == 354;
  const bool strange = !go && reply.code() < 400;
  if (strange) return protocol_error("DATA answered neither by 354 nor by a refusal", reply.str());
  transaction->data = std::move(reply);
  if (!go) return done();
  if (!any_recipient()) {  // RFC 2920 s3.1
    owed.push_back(Owed::lone_dot);
    return write(".\r\n");
  }
  content = Content::dots;
  actions.emplace_back(NeedBody{});
}

// RFC 3030 s2: the first refusal is the message's; the chunks behind it are answered too.
void ClientSession::State::on_chunk(Owed what, Reply reply) {
  --chunks_owed;
  if (what == Owed::final_dot && !transaction->data) {
    transaction->final = std::move(reply);
    return done();
  }
  if (!reply.positive() && !transaction->data) {
    transaction->data = std::move(reply);
    content = Content::none;
    unsent.clear();
  }
  if (transaction->data && chunks_owed == 0) done();
}

void ClientSession::State::done() {
  content = Content::none;
  // After the end of data nothing is left at the server, whatever it said (RFC 5321 s4.1.1.4).
  const bool ended = transaction->final.has_value();
  const bool lone_dot = transaction->data && transaction->data->code() == 354 && !ended;
  if (ended || lone_dot) needs_reset = false;
  actions.emplace_back(std::move(*transaction));
  transaction.reset();
}

// --- content ---

void ClientSession::State::send_dots(std::string_view octets, bool last) {
  std::string out;
  out.reserve(octets.size() + octets.size() / 64 + 8);
  stuffer.feed(octets, out);
  if (last) {
    stuffer.finish(out);
    content = Content::none;
    owed.push_back(Owed::final_dot);
  }
  if (!out.empty()) write(std::move(out));
}

void ClientSession::State::send_chunks(std::string_view octets, bool last) {
  if (!unsent.empty()) {
    unsent += octets;
    octets = unsent;
  }
  while (octets.size() > kMaxChunkOctets) {
    send_chunk(octets.substr(0, kMaxChunkOctets), false);
    octets.remove_prefix(kMaxChunkOctets);
  }
  if (last || octets.size() >= kMinChunkOctets) {
    send_chunk(octets, last);
    octets = {};
  }
  unsent = std::string(octets);
  if (last) content = Content::none;
}

void ClientSession::State::send_chunk(std::string_view octets, bool last) {
  std::string out = "BDAT " + std::to_string(octets.size()) + (last ? " LAST\r\n" : "\r\n");
  out += octets;
  owed.push_back(last ? Owed::final_dot : Owed::chunk);
  ++chunks_owed;
  write(std::move(out));
}

}  // namespace postern::smtp
