// From what was seen to the report: causes ranked, incidents by counterpart, cures, questions.
#pragma once

#include "explain/case.h"
#include "explain/report.h"

namespace postern::explain {

[[nodiscard]] Report conclude(const Case& seen, Side ours);

// What would decide between candidates like this one; empty: nothing further is needed.
[[nodiscard]] std::vector<Question> questions_for(std::string_view code);

}  // namespace postern::explain
