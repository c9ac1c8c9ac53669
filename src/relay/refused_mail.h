// Mail that a next hop refused in the dialogue with words of TLS or certificates. It may speak of
// the session, and then nothing goes; or of one sender, whom the peer knows by his certificate no
// better than anybody (5.7.64 of Exchange Online), and then all others go. Which of the two it is,
// other mail shows: whose turn a trial is, and which refusal is nobody else's matter, is decided by
// what was refused before. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "store/store.h"

namespace postern::relay {

constexpr std::size_t kMaxRefused = 100;  // senders, and messages; the oldest are forgotten

// What was heard about one message in the dialogue.
struct Heard {
  enum class What { refused, taken } what = What::refused;
  MessageId message;
  mail::Mailbox sender;
  // The sender was refused before, or has had mail taken: he is not what is refused.
  bool not_the_sender = false;
};

class RefusedMail {
 public:
  void note(const Heard& heard);
  [[nodiscard]] bool contains(const store::MessageFacts& facts) const;
  [[nodiscard]] bool knows(const mail::Mailbox& sender) const;
  [[nodiscard]] std::size_t senders() const { return senders_.size(); }
  // How little a trial with this message would tell: 0, sent from a domain that was not refused; 1,
  // a sender who was not; 2, a message that was not; 3, refused itself.
  [[nodiscard]] unsigned rank(const store::MessageFacts& facts) const;
  [[nodiscard]] bool empty() const { return senders_.empty() && messages_.empty(); }

 private:
  std::vector<mail::Mailbox> senders_;  // oldest first
  std::vector<MessageId> messages_;
};
constexpr unsigned kBestRank = 0;

}  // namespace postern::relay
