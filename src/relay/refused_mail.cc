#include "relay/refused_mail.h"

#include <algorithm>

namespace postern::relay {
namespace {

template <typename T>
void remember(std::vector<T>& all, const T& one) {
  if (std::ranges::find(all, one) != all.end()) return;
  if (all.size() == kMaxRefused) all.erase(all.begin());
  all.push_back(one);
}

}  // namespace

void RefusedMail::note(const Heard& heard) {
  if (heard.what == Heard::What::taken) {
    std::erase(senders_, heard.sender);
    std::erase(messages_, heard.message);
  } else if (heard.not_the_sender || knows(heard.sender)) {
    remember(messages_, heard.message);
  } else {
    remember(senders_, heard.sender);
  }
}

bool RefusedMail::knows(const mail::Mailbox& sender) const {
  return std::ranges::find(senders_, sender) != senders_.end();
}

bool RefusedMail::contains(const store::MessageFacts& facts) const {
  return knows(facts.reverse_path) || std::ranges::find(messages_, facts.id) != messages_.end();
}

unsigned RefusedMail::rank(const store::MessageFacts& facts) const {
  if (std::ranges::find(messages_, facts.id) != messages_.end()) return 3;
  if (knows(facts.reverse_path)) return 2;
  const bool same_domain = std::ranges::find(senders_, facts.reverse_path.domain,
                                             &mail::Mailbox::domain) != senders_.end();
  return same_domain ? 1 : kBestRank;
}

}  // namespace postern::relay
