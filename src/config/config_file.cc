#include "config/config_file.h"

#include <algorithm>

#include "config/check.h"
#include "config/keys.h"

namespace postern::config {
namespace {

constexpr std::size_t kMaxNameOctets = 64;
constexpr std::size_t kMaxDiagnostics = 200;  // a hostile file gets no endless list

// NAME of [send.NAME]: it stands in logs, keys and commands.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameOctets && std::ranges::all_of(text, [](char c) {
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
  });
}

template <class T>
void read_section(Reader& reader, const Entry& entry, const Keys<T>& keys, T& out) {
  const Reader::Scope scope(reader, entry.key, entry.value.place);
  if (expect(reader, entry.value, Value::Kind::table, "[" + entry.key + "]")) {
    read_table(reader, entry.value, keys, out);
  }
}

// [send.NAME], in the order of the file.
template <class T>
void read_named(Reader& reader, const Entry& entry, const Keys<T>& keys, std::vector<T>& out) {
  const Reader::Scope scope(reader, entry.key, entry.value.place);
  const std::string form = "[" + entry.key + ".NAME]";
  if (!expect(reader, entry.value, Value::Kind::table, form)) return;
  for (const Entry& one : entry.value.entries) {
    if (one.value.kind != Value::Kind::table) {
      reader.error(one.place,
                   quoted(one.key) + " stands outside of a " + form + "; give the section a name");
      continue;
    }
    const Reader::Scope inner(reader, one.key, one.value.place);
    if (!is_name(one.key)) {
      reader.error(one.place, quoted(one.key) +
                                  " is no name; use letters, digits, - _ . (at most " +
                                  std::to_string(kMaxNameOctets) + ")");
    }
    T value;
    value.name = one.key;
    value.where = reader.location(one.value.place);
    read_table(reader, one.value, keys, value);
    out.push_back(std::move(value));
  }
}

void report_unknown_section(Reader& reader, const Entry& entry) {
  std::vector<std::string> known;
  for (const SectionInfo& section : sections()) known.push_back(section.name);
  std::string message = quoted(entry.key) + " is no section";
  for (const SectionInfo& section : sections()) {
    const bool is_key = std::ranges::any_of(
        section.keys, [&](const KeyInfo& key) { return key.name == entry.key; });
    if (is_key && entry.value.kind != Value::Kind::table) {
      reader.error(entry.place, message + "; as a key it belongs in [" + section.name +
                                    (section.named ? ".NAME]" : "]"));
      return;
    }
  }
  const std::string near = hint(entry.key, known);
  reader.error(entry.place, message + (near.empty() ? "; known are " + join(known, ", ") : near));
}

void read_entry(Reader& reader, const Entry& entry, policy::Config& out) {
  if (entry.key == "server") {
    read_section(reader, entry, server_keys(), out.server);
  } else if (entry.key == "queue") {
    read_section(reader, entry, queue_keys(), out.queue);
  } else if (entry.key == "timeouts") {
    read_section(reader, entry, timeout_keys(), out.timeouts);
  } else if (entry.key == "certificates") {
    read_named(reader, entry, certificate_keys(), out.certificates);
  } else if (entry.key == "trust") {
    read_named(reader, entry, trust_keys(), out.trust);
  } else if (entry.key == "receive") {
    read_named(reader, entry, receive_keys(), out.receive);
  } else if (entry.key == "send") {
    read_named(reader, entry, send_keys(), out.send);
  } else if (entry.key == "partner") {
    read_named(reader, entry, partner_keys(), out.partners);
  } else if (entry.key == "admin") {
    read_section(reader, entry, admin_keys(), out);
  } else if (entry.key == "alert") {
    read_section(reader, entry, alert_keys(), out.alert);
  } else {
    report_unknown_section(reader, entry);
  }
}

void read_document(Reader& reader, const Value& root, policy::Config& out) {
  for (const Entry& entry : root.entries) {
    const auto place = reader.location(entry.value.place);
    if (entry.key == "server") out.server.where = place;
    if (entry.key == "queue") out.queue.where = place;
    if (entry.key == "alert") out.alert.where = place;
    read_entry(reader, entry, out);
  }
  if (root.find("server") == nullptr) {
    reader.error({1, 1}, "the section [server] with the key hostname is missing");
  }
}

constexpr std::string_view kDefaultSocket = "var/postern.sock";

// Where commands may find the gateway that runs on what the file was before it broke: the line of
// [admin] as it stands there, else the default. Good for asking only; nothing is started on it.
std::string socket_of_broken(const Reader& reader, std::string_view toml) {
  constexpr std::string_view kKey = "listen", kUnix = "unix:";
  bool in_admin = false;
  for (const std::string_view whole : split(toml, '\n')) {
    const std::string_view line = trim(whole);
    if (line.starts_with('[')) in_admin = line.starts_with("[admin]");
    if (!in_admin || !line.starts_with(kKey)) continue;
    const std::string_view value = trim(line.substr(kKey.size()));
    const std::size_t start = value.find_first_of("\"'");
    if (!value.starts_with('=') || start == std::string_view::npos) continue;
    const std::size_t end = value.find(value[start], start + 1);
    const std::string_view text = value.substr(start + 1, end - start - 1);
    if (end != std::string_view::npos && text.size() > kUnix.size() && text.starts_with(kUnix)) {
      return reader.absolute(text.substr(kUnix.size()));
    }
  }
  return reader.absolute(kDefaultSocket);
}

// Defaults that are paths are relative like what is written.
void complete(const Reader& reader, policy::Config& config) {
  constexpr std::string_view kSqlite = "sqlite:";
  config.server.store =
      std::string(kSqlite) + reader.absolute(config.server.store.substr(kSqlite.size()));
  // Not in place of one that was written wrong: commands would ask another gateway.
  if (!reader.was_set("admin.listen")) config.admin_socket = reader.absolute(kDefaultSocket);
}

// Warnings go first: what is cut off must never make a broken file look whole.
void bound(std::vector<Diagnostic>& diagnostics) {
  if (diagnostics.size() <= kMaxDiagnostics) return;
  std::erase_if(diagnostics, [](const Diagnostic& d) { return d.severity == Severity::warning; });
  if (diagnostics.size() > kMaxDiagnostics) diagnostics.resize(kMaxDiagnostics);
}

}  // namespace

std::string Diagnostic::str() const {
  return where.str() + (severity == Severity::error ? ": error: " : ": warning: ") + message;
}

bool Loaded::ok() const {
  return std::ranges::none_of(diagnostics,
                              [](const Diagnostic& d) { return d.severity == Severity::error; });
}

Loaded parse_config(std::string_view toml, const std::string& file) {
  Loaded out;
  out.config.file = file;
  Reader reader(file);
  const Document document = parse_toml(toml);
  for (const SyntaxError& error : document.errors) reader.error(error.place, error.message);
  if (document.errors.empty()) {
    read_document(reader, document.root, out.config);
    complete(reader, out.config);
    check_config(reader, out.config);
    if (!reader.has_errors()) check_purpose(reader, out.config);
  }
  if (!document.errors.empty()) {
    out.config.admin_socket = socket_of_broken(reader, toml);
    out.config.server.store.clear();  // not the default in place of one that cannot be read
  }
  out.diagnostics = reader.take();
  bound(out.diagnostics);
  return out;
}

}  // namespace postern::config
