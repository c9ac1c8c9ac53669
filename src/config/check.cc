#include "config/check.h"

#include <algorithm>

#include "base/text.h"
#include "policy/selection.h"

namespace postern::config {
namespace {

using policy::Config;

void check_order(Reader& reader, const std::string& low, Duration low_value,
                 const std::string& high, Duration high_value) {
  if (low_value <= high_value) return;
  const bool blame_low = reader.was_set(low);
  reader.error_at(blame_low ? low : high,
                  blame_low ? "is " + format_duration(low_value) + ", more than " + high + " (" +
                                  format_duration(high_value) + ")"
                            : "is " + format_duration(high_value) + ", less than " + low + " (" +
                                  format_duration(low_value) + ")");
}

void check_queue(Reader& reader, const policy::QueueConfig& queue) {
  check_order(reader, "queue.probe_min", queue.probe_min, "queue.probe_max", queue.probe_max);
  check_order(reader, "queue.retry_min", queue.retry_min, "queue.retry_max", queue.retry_max);
  check_order(reader, "queue.lifetime", queue.lifetime, "queue.blocker_lifetime",
              queue.blocker_lifetime);
}

void check_trust(Reader& reader, const Config& config) {
  for (const policy::TrustConfig& set : config.trust) {
    if (set.files.empty() && set.name != "system") {
      reader.error_at("trust." + set.name,
                      "lacks the required key files: a trust set without anchors trusts nobody");
    }
  }
}

}  // namespace

void check_not_empty(Reader& reader, const std::string& path, bool empty,
                     std::string_view example) {
  // Items that were wrong have been reported: the list is not empty then.
  if (!empty || !reader.was_set(path) || reader.was_set(path + "[0]")) return;
  reader.error_at(path, "is empty; write it like " + std::string(example));
}

std::vector<std::string> send_names(const Config& config) {
  std::vector<std::string> out;
  for (const policy::SendConnector& connector : config.send) out.push_back(connector.name);
  return out;
}

std::vector<std::string> trust_names(const Config& config) {
  std::vector<std::string> out = {"system"};
  for (const policy::TrustConfig& set : config.trust) out.push_back(set.name);
  return out;
}

void check_names(Reader& reader, const std::string& path, const std::vector<std::string>& names,
                 const std::vector<std::string>& known, std::string_view section) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    check_name(reader, path + "[" + std::to_string(i) + "]", names[i], known, section);
  }
}

void check_name(Reader& reader, const std::string& path, const std::string& name,
                const std::vector<std::string>& known, std::string_view section) {
  if (std::ranges::find(known, name) != known.end()) return;
  reader.error_at(path,
                  "there is no [" + std::string(section) + "." + name + "]" + hint(name, known));
}

void check_certificate_name(Reader& reader, const Config& config, const std::string& path,
                            const std::string& reference) {
  const bool by_name = policy::certificate_reference_form(reference) == policy::ReferenceForm::name;
  if (reference.empty() || !by_name) return;
  std::vector<std::string> known;
  for (const auto& one : config.certificates) known.push_back(one.name);
  if (std::ranges::find(known, reference) != known.end()) return;
  reader.error_at(path, "there is no [certificates." + reference + "]" + hint(reference, known));
}

void check_config(Reader& reader, const Config& config) {
  check_queue(reader, config.queue);
  check_trust(reader, config);
  check_receive(reader, config);
  check_send(reader, config);
}

void check_purpose(Reader& reader, const Config& config) {
  if (config.receive.empty()) {
    reader.warning_at("server", "there is no [receive.NAME]: no mail is taken from anyone");
  }
  if (config.send.empty()) {
    reader.warning_at("server", "there is no [send.NAME]: mail that is taken has nowhere to go");
  }
}

}  // namespace postern::config
