// What no single key can tell: names that nothing bears, listeners in each other's way, settings
// that contradict each other or would open the gateway to everyone.
#pragma once

#include "config/reader.h"
#include "policy/config.h"

namespace postern::config {

void check_config(Reader& reader, const policy::Config& config);
// Warns of a gateway that could do nothing: said of a file without errors only, where it is news.
void check_purpose(Reader& reader, const policy::Config& config);
// Parts of check_config, a file each.
void check_receive(Reader& reader, const policy::Config& config);
void check_send(Reader& reader, const policy::Config& config);

// An error at "PATH[i]" for every one of `names` that is not among `known`.
void check_names(Reader& reader, const std::string& path, const std::vector<std::string>& names,
                 const std::vector<std::string>& known, std::string_view section);
// An error at "PATH" where `name` is not among `known`.
void check_name(Reader& reader, const std::string& path, const std::string& name,
                const std::vector<std::string>& known, std::string_view section);
// An error where a list was written and holds nothing.
void check_not_empty(Reader& reader, const std::string& path, bool empty, std::string_view example);
void check_certificate_name(Reader& reader, const policy::Config& config, const std::string& path,
                            const std::string& reference);
[[nodiscard]] std::vector<std::string> trust_names(const policy::Config& config);
[[nodiscard]] std::vector<std::string> send_names(const policy::Config& config);

}  // namespace postern::config
