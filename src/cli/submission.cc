#include "cli/submission.h"

#include <deque>

#include "base/text.h"
#include "net/stream.h"
#include "smtp/client_session.h"

namespace postern::cli {
namespace {

constexpr Duration kConnectTimeout{10'000};
// The server may sync its disk before it answers; a person waits for this command.
constexpr Duration kReplyTimeout{60'000};

// An ASCII header value as it stands, another as one encoded word (RFC 2047 s2).
std::string header_text(std::string_view text) {
  const std::string line = printable(text, 500);
  return is_ascii(line) ? line : "=?utf-8?B?" + to_base64(line) + "?=";
}

// Drives smtp::ClientSession over a stream, one awaited action at a time.
class Dialogue {
 public:
  Dialogue(std::unique_ptr<net::Stream> stream, std::string helo)
      : stream_(std::move(stream)), session_(std::move(helo)) {}

  io::Task<Result<void>> open();
  io::Task<Result<Submitted>> send(smtp::Transaction transaction, std::string octets);
  io::Task<void> quit();

 private:
  io::Task<Result<smtp::ClientAction>> next(smtp::ClientActions actions);

  std::unique_ptr<net::Stream> stream_;
  smtp::ClientSession session_;
  std::deque<smtp::ClientAction> pending_;
};

// Writes what is to be written and waits for the first action that asks for more.
io::Task<Result<smtp::ClientAction>> Dialogue::next(smtp::ClientActions actions) {
  for (;;) {
    for (smtp::ClientAction& action : actions) {
      if (const auto* write = std::get_if<smtp::ClientWrite>(&action)) {
        CO_TRY_VOID(co_await stream_->write(write->octets, kReplyTimeout));
      } else if (const auto* error = std::get_if<smtp::ProtocolError>(&action)) {
        co_return invalid("the server does not speak SMTP: " + error->what + " " +
                          printable(error->received, 200));
      } else {
        pending_.push_back(std::move(action));
      }
    }
    if (!pending_.empty()) {
      smtp::ClientAction first = std::move(pending_.front());
      pending_.pop_front();
      co_return first;
    }
    CO_TRY(const std::string octets, co_await stream_->read(kReplyTimeout));
    actions = session_.on_bytes(octets);
  }
}

io::Task<Result<void>> Dialogue::open() {
  smtp::ClientActions none;
  CO_TRY(const smtp::ClientAction greeting, co_await next(std::move(none)));
  const auto* greeted = std::get_if<smtp::Greeted>(&greeting);
  if (greeted == nullptr || !greeted->reply.positive()) {
    co_return invalid("the server refused the connection: " +
                      (greeted == nullptr ? std::string() : greeted->reply.str()));
  }
  smtp::ClientActions hello = session_.hello();
  CO_TRY(const smtp::ClientAction answer, co_await next(std::move(hello)));
  const auto* greeted_back = std::get_if<smtp::Hello>(&answer);
  if (greeted_back == nullptr || !greeted_back->reply.positive()) {
    co_return invalid("the server refused EHLO: " +
                      (greeted_back == nullptr ? std::string() : greeted_back->reply.str()));
  }
  co_return Result<void>();
}

// What became of the transaction, as one answer.
Result<Submitted> outcome_of(const smtp::Transaction& transaction,
                             const smtp::TransactionDone& done) {
  if (done.mail && !done.mail->positive()) return invalid("MAIL FROM refused: " + done.mail->str());
  Submitted out;
  for (std::size_t i = 0; i < done.recipients.size(); ++i) {
    const auto& reply = done.recipients[i];
    if (reply && reply->positive()) continue;
    out.refused.push_back(transaction.recipients[i].mailbox.str() +
                          " refused: " + (reply ? reply->str() : "no reply"));
  }
  if (out.refused.size() == transaction.recipients.size()) return invalid(join(out.refused, "; "));
  if (done.data && done.data->negative()) return invalid("DATA refused: " + done.data->str());
  if (!done.final) return invalid("the server did not answer the end of the message");
  if (!done.final->positive()) return invalid("the message was refused: " + done.final->str());
  out.reply = done.final->str();
  out.id = id_in_reply(out.reply);
  return out;
}

io::Task<Result<Submitted>> Dialogue::send(smtp::Transaction transaction, std::string octets) {
  smtp::ClientActions actions = session_.transaction(transaction);
  CO_TRY(smtp::ClientAction action, co_await next(std::move(actions)));
  if (std::holds_alternative<smtp::NeedBody>(action)) {
    smtp::ClientActions body = session_.body(octets, /*last=*/true);
    CO_TRY(action, co_await next(std::move(body)));
  }
  const auto* done = std::get_if<smtp::TransactionDone>(&action);
  if (done == nullptr) co_return invalid("the session ended in the middle of the message");
  co_return outcome_of(transaction, *done);
}

io::Task<void> Dialogue::quit() {
  smtp::ClientActions actions = session_.quit();
  (void)co_await next(std::move(actions));
  stream_->close();
}

}  // namespace

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r') {
      out += "\r\n";
    } else {
      out += text[i];
    }
  }
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out;
}

std::string compose(const Draft& draft, Time now, unsigned number) {
  std::vector<std::string> to;
  for (const mail::Mailbox& one : draft.to) to.push_back("<" + one.str() + ">");
  std::string out = "Date: " + format_rfc5322(now) + "\r\n";
  out += "From: <" + draft.from.str() + ">\r\n";
  out += "To: " + join(to, ",\r\n ") + "\r\n";
  out += "Subject: " + header_text(draft.subject) + "\r\n";
  out += "Message-ID: <" + MessageId::make(now).str() + "." + std::to_string(number) + "@" +
         draft.hostname + ">\r\n";
  out += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
  out += std::string("Content-Transfer-Encoding: ") + (is_ascii(draft.body) ? "7bit" : "8bit") +
         "\r\n\r\n";
  return out + with_crlf(draft.body);
}

MessageId id_in_reply(std::string_view reply) {
  const std::size_t open = reply.find('<');
  const std::size_t close = reply.find('>', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  return MessageId::parse(reply.substr(open + 1, close - open - 1)).value_or(MessageId{});
}

io::Task<Result<std::vector<Submitted>>> submit(io::Executor executor, Submission submission) {
  const std::string where = submission.server.str();
  auto stream = co_await net::Stream::connect(executor, submission.server.host,
                                              submission.server.port, "", kConnectTimeout);
  if (!stream) co_return invalid("cannot connect to " + where + ": " + stream.error().what());
  Dialogue dialogue(std::move(*stream), submission.helo);
  CO_TRY_VOID(co_await dialogue.open());
  smtp::Transaction transaction;
  transaction.reverse_path = submission.from;
  for (const mail::Mailbox& one : submission.to) {
    mail::Recipient recipient;
    recipient.mailbox = one;
    transaction.recipients.push_back(std::move(recipient));
  }
  std::vector<Submitted> out;
  for (const std::string& octets : submission.messages) {
    transaction.size = octets.size();
    transaction.body = is_ascii(octets) ? mail::Body::seven_bit : mail::Body::eight_bit_mime;
    CO_TRY(Submitted one, co_await dialogue.send(transaction, octets));
    out.push_back(std::move(one));
  }
  co_await dialogue.quit();
  co_return out;
}

}  // namespace postern::cli
