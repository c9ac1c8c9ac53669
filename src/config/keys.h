// The table of every key: what it is called, what it holds, what it means, where it goes. Parsing,
// the report of unknown keys and docs/configuration.md all come from here; defaults come from the
// structs of policy/config.h themselves.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/kinds.h"

namespace postern::config {

struct KeyInfo {
  std::string name, type, fallback, allowed, about;
  bool required = false;
};

template <class T>
struct Key {
  KeyInfo info;
  std::function<void(Reader&, const Value&, T&)> read;
};
template <class T>
using Keys = std::vector<Key<T>>;

[[nodiscard]] const Keys<policy::ServerConfig>& server_keys();
[[nodiscard]] const Keys<policy::QueueConfig>& queue_keys();
[[nodiscard]] const Keys<policy::Timeouts>& timeout_keys();
[[nodiscard]] const Keys<policy::CertificateConfig>& certificate_keys();
[[nodiscard]] const Keys<policy::TrustConfig>& trust_keys();
[[nodiscard]] const Keys<policy::ReceiveConnector>& receive_keys();
[[nodiscard]] const Keys<policy::SendConnector>& send_keys();
[[nodiscard]] const Keys<policy::Partner>& partner_keys();
[[nodiscard]] const Keys<verdict::PolicyException>& exception_keys();
[[nodiscard]] const Keys<policy::Config>& admin_keys();
[[nodiscard]] const Keys<policy::AlertConfig>& alert_keys();

// A section as documented: "[receive.NAME]".
struct SectionInfo {
  std::string name;  // "receive"
  bool named;        // [receive.NAME] rather than [receive]
  std::string about;
  std::vector<KeyInfo> keys;
};
[[nodiscard]] const std::vector<SectionInfo>& sections();

void report_unknown_key(Reader& reader, const Entry& entry, const std::vector<std::string>& known);
void report_missing_key(Reader& reader, Place place, const KeyInfo& key);

template <class T>
void read_table(Reader& reader, const Value& table, const Keys<T>& keys, T& out) {
  for (const Entry& entry : table.entries) {
    const auto key =
        std::ranges::find_if(keys, [&](const Key<T>& one) { return one.info.name == entry.key; });
    if (key == keys.end()) {
      std::vector<std::string> known;
      for (const auto& one : keys) known.push_back(one.info.name);
      report_unknown_key(reader, entry, known);
      continue;
    }
    const Reader::Scope scope(reader, entry.key, entry.value.place);
    key->read(reader, entry.value, out);
  }
  for (const Key<T>& key : keys) {
    if (key.info.required && table.find(key.info.name) == nullptr) {
      report_missing_key(reader, table.place, key.info);
    }
  }
}

}  // namespace postern::config
