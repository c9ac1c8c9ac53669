// The gateway's answers where none runs, from the store alone, in the same forms.
#pragma once

#include "base/json_fwd.h"
#include "base/result.h"
#include "store/store.h"

namespace postern::cli {

// With "live": false; what is deferred is not known without the scheduler, so all counts as queued.
[[nodiscard]] Result<Json> offline_queue(store::Store& store);
[[nodiscard]] Result<Json> offline_trace(store::Store& store, store::TraceFilter filter);
[[nodiscard]] Result<Json> offline_verdict(const store::StoredVerdict& stored);

}  // namespace postern::cli
