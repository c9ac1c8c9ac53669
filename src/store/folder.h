// Who may look into the folder of a store: mail and addresses lie in it.
#pragma once

#include <string>

namespace postern::store {

// The folder of the store at `url` ("sqlite:PATH"); empty: it has none.
[[nodiscard]] std::string folder_of(const std::string& url);
// True where others than the owner may enter or list it, and opening the store will not change
// that. A folder that is our user's and has the default's name, var, is made 0700 then; any other
// one was chosen by somebody, who is told (config check).
[[nodiscard]] bool stays_open_to_others(const std::string& folder);
// The default's folder to 0700, where it is wider.
void close_default_folder(const std::string& folder);

}  // namespace postern::store
