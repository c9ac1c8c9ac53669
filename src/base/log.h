// The operator's log: one line an event, with a stable event id that monitoring can match ("P2001
// blocker.start"). docs/operations.md lists the ids. Lines go to stderr (journald takes them from
// there) and, when set, to a file. Thread-safe. Never a secret: no key, no password, no message
// body.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace postern::log {

enum class Level { debug, info, warning, error };

// One stable event. `number` never changes its meaning and is never used again.
struct Event {
  int number;
  Level level;
  std::string_view name;  // noun.verb
};

using Field = std::pair<std::string_view, std::string>;

// "P2001 warning blocker.start next_hop=partner.example code=name-mismatch text="..."" ; values are
// made printable.
void write(const Event& event, std::initializer_list<Field> fields);
void debug(std::string_view text);

void set_level(Level minimum);
// Journald prefixes ("<4>") in place of time stamps: when stderr is the journal.
void set_journal_prefix(bool on);
// Appends to `path` (0640) besides stderr; called again, it opens the path anew, as after a
// rotation. Errors: the file cannot be opened, and then the one before stays.
[[nodiscard]] Result<void> set_file(const std::string& path);

}  // namespace postern::log
