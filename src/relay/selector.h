// Which messages an operator's command means.
#pragma once

#include <vector>

#include "store/store.h"

namespace postern::relay {

constexpr std::size_t kMaxChanged = 100'000;  // messages one command may change

// By id, or by everything else of a trace filter.
struct Selector {
  std::vector<MessageId> ids;
  store::TraceFilter filter;
};

// Blocking. Errors: invalid (no such message), the store's.
[[nodiscard]] Result<std::vector<store::TracedMessage>> select_messages(store::Store& store,
                                                                        Selector selector);

}  // namespace postern::relay
