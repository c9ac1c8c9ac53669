// Events of Windows and Exchange as the event viewer, wevtutil or PowerShell print them: text or
// XML, in whatever language. The number says what happened where the words cannot be read.
#pragma once

#include "explain/dialects/dialect.h"

namespace postern::explain {

[[nodiscard]] std::unique_ptr<Dialect> make_windows_events();

}  // namespace postern::explain
