// `queue return`: mail goes back to its senders. Exact: a recipient whose message is in flight is
// waited for, and what became of it is told; nobody gets a failure notice for mail that arrives.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "relay/context.h"
#include "relay/scheduler.h"
#include "relay/selector.h"

namespace postern::relay {

// How long an answer waits for messages in flight; those that take longer are left as they are.
constexpr Duration kInFlightPatience{5'000};

// {"messages":N,"recipients":N} returned, "delivered": recipients that arrived while they were
// waited for, "in_flight": messages that are on their way still and were not returned. `by`: who
// asked.
[[nodiscard]] io::Task<Result<Json>> return_mail(Context& context, Scheduler& scheduler,
                                                 Selector selector, std::string by);

}  // namespace postern::relay
