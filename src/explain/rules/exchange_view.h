// What the exported settings of an Exchange organization hold, for the rules that compare them with
// what was seen: installed certificates, settings of connectors, and the commands that change them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "explain/case.h"

namespace postern::explain {

// Exported with issuer and subject: certificates of the machine, not ones seen in a handshake.
[[nodiscard]] std::vector<const Sighting*> installed_certificates(const Case& seen);
[[nodiscard]] bool self_issued(const SeenCertificate& certificate);
// `name` may be "*.contoso.com", as Exchange's TlsDomain: any name below then counts.
[[nodiscard]] bool bears(const SeenCertificate& certificate, std::string_view name);
// The newest installed one that bears the name (any, where it is empty), has its key and was not
// made by the machine itself; null: there is none.
[[nodiscard]] const Sighting* best_installed(const Case& seen, std::string_view name);
// A setting of a connector; null: it is not exported. Server names before a backslash do not count.
[[nodiscard]] const Sighting* setting_of(const Case& seen, std::string_view connector,
                                         std::string_view name);
[[nodiscard]] bool is_receive_connector(const Case& seen, std::string_view connector);

// 'EX01\Default Frontend', as an argument of PowerShell.
[[nodiscard]] std::string quoted_argument(std::string_view text);
// The commands that pin a certificate to a connector; without one: the newest that bears `name`.
[[nodiscard]] std::vector<std::string> pin_commands(std::string_view cmdlet,
                                                    std::string_view connector,
                                                    const SeenCertificate* certificate,
                                                    std::string_view name);

}  // namespace postern::explain
