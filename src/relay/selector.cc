#include "relay/selector.h"

namespace postern::relay {

Result<std::vector<store::TracedMessage>> select_messages(store::Store& store, Selector selector) {
  if (selector.ids.empty()) {
    selector.filter.limit = kMaxChanged;
    return store.trace(selector.filter);
  }
  std::vector<store::TracedMessage> out;
  for (const MessageId id : selector.ids) {
    TRY(std::optional<store::TracedMessage> message, store.message(id));
    if (!message) return invalid("no message " + id.str());
    out.push_back(std::move(*message));
  }
  return out;
}

}  // namespace postern::relay
