// What a line says beside its fact: who the other end is, which names were wanted and presented, in
// which session, which end speaks. Found by the forms in which mail systems write them, whatever
// product it is.
#pragma once

#include <string>
#include <string_view>

#include "explain/observation.h"

namespace postern::explain {

// Fills in what is empty.
void add_details(Observation& observation, std::string_view line, std::string_view folded);

// A server's report of a client that knocks on every door of the Internet (research scanners):
// noise, never the cause.
[[nodiscard]] bool from_scanner(const Observation& observation);

// The text after `mark` up to the first of `stops`; empty: no such mark. Case does not count.
[[nodiscard]] std::string_view after(std::string_view line, std::string_view mark,
                                     std::string_view stops);
[[nodiscard]] bool contains_any(std::string_view text, std::string_view alternatives);  // "a|b|c"
// Is this a host name, redacted ones included ("###", "<Server>" are none)?
[[nodiscard]] bool host_like(std::string_view text);

}  // namespace postern::explain
