// Plays dialogues against smtp::ServerSession in memory, in every segmentation. Deciders: see
// smtp/memory_driver.h.
#pragma once

#include <string>

#include "base/result.h"
#include "script.h"

namespace postern::dialogue {

enum class Segmentation {
  whole,      // everything up to the next event at once, as a client that pipelines without waiting
  octets,     // one at a time
  sevens,     // pieces of seven
  each_step,  // one step, then its replies
};

// Errors: invalid, "line N: what was expected, what came".
[[nodiscard]] Result<void> play_in_memory(const Dialogue& dialogue, Segmentation segmentation);

}  // namespace postern::dialogue
