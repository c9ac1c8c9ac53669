// The readers behind read_objects. Private to this module; every text is UTF-8 here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explain/cmdlet_objects.h"

namespace postern::explain {

[[nodiscard]] ReadObjects read_format_list(std::string_view text);
// nullopt: it is no such text.
[[nodiscard]] std::optional<ReadObjects> read_csv(std::string_view text);
[[nodiscard]] std::optional<ReadObjects> read_clixml(std::string_view text);
[[nodiscard]] std::optional<ReadObjects> read_json_export(std::string_view text);

// A value as one text: "{a, b...}" becomes a list, an ending ellipsis counts as cut.
void set_value(Property& property, std::string_view text);
void set_list(Property& property, std::vector<std::string> items);
// False where the object is full, or has a property of that name.
bool add_property(CmdletObject& object, Property property);
void add_object(ReadObjects& out, CmdletObject object);  // empty ones are left out

}  // namespace postern::explain
