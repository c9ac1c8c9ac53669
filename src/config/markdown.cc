#include "config/config_file.h"
#include "config/keys.h"

namespace postern::config {
namespace {

// A cell of a table: `|` would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void append_section(std::string& out, const std::string& title, const std::string& about,
                    const std::vector<KeyInfo>& keys) {
  out +=
      "\n## `[" + title + "]`\n\n" + about + "\n\n| key | type | default | meaning | allowed |\n";
  out += "|---|---|---|---|---|\n";
  for (const KeyInfo& key : keys) {
    const std::string fallback = key.required           ? "**required**"
                                 : key.fallback.empty() ? "–"
                                                        : "`" + key.fallback + "`";
    out += "| `" + key.name + "` | " + cell(key.type) + " | " + cell(fallback) + " | " +
           cell(key.about) + " | " + cell(key.allowed) + " |\n";
  }
}

}  // namespace

std::string configuration_markdown() {
  std::string out =
      "# Configuration\n\n"
      "<!-- Generated from the key table (src/config/keys.cc); a test compares the two. -->\n\n"
      "One TOML file, found by `--config`, then `$POSTERN_CONFIG`, then `./postern.toml`, then\n"
      "`/etc/postern/postern.toml`. Relative paths are relative to it. `postern config check` "
      "reports\n"
      "everything that is wrong, each with file, line, column and what would be right.\n\n"
      "Words of Exchange and Postfix (`EncryptionOnly`, `CertificateValidation`, "
      "`DomainValidation`,\n"
      "`RequireTLS`, `may`, `verify`, `secure`) are understood as values of `tls` with a warning "
      "that\n"
      "names the word used here; [terms.md](terms.md) maps them all.\n";
  for (const SectionInfo& section : sections()) {
    append_section(out, section.name + (section.named ? ".NAME" : ""), section.about, section.keys);
    if (section.name != "partner") continue;
    std::vector<KeyInfo> keys;
    for (const auto& key : exception_keys()) keys.push_back(key.info);
    append_section(out, "partner.NAME.exception",
                   "A relaxation for one partner, instead of switching security off: exactly this "
                   "cause is accepted until then, every delivery under it says so, and it ends by "
                   "itself.",
                   keys);
  }
  return out;
}

}  // namespace postern::config
