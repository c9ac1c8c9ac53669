// The reference of every key, as Markdown and as a manual page, from the one table.
#include "base/man_page.h"
#include "config/config_file.h"
#include "config/keys.h"

namespace postern::config {
namespace {

constexpr std::string_view kIntroduction =
    "One TOML file, found by `--config`, then `$POSTERN_CONFIG`, then `./postern.toml`, then\n"
    "`/etc/postern/postern.toml`. Relative paths are relative to it. `postern config check` "
    "reports\n"
    "everything that is wrong, each with file, line, column and what would be right.";
constexpr std::string_view kOtherWords =
    "Words of Exchange and Postfix (`EncryptionOnly`, `CertificateValidation`, "
    "`DomainValidation`,\n"
    "`RequireTLS`, `may`, `verify`, `secure`) are understood as values of `tls` with a warning "
    "that\n"
    "names the word used here; [terms.md](terms.md) maps them all.";

struct Part {
  std::string title;  // "receive.NAME"
  std::string about;
  std::vector<KeyInfo> keys;
};

// The sections, and the table that stands within one of them.
std::vector<Part> parts() {
  std::vector<Part> out;
  for (const SectionInfo& section : sections()) {
    out.push_back({section.name + (section.named ? ".NAME" : ""), section.about, section.keys});
    if (section.name != "partner") continue;
    std::vector<KeyInfo> keys;
    for (const auto& key : exception_keys()) keys.push_back(key.info);
    out.push_back({"partner.NAME.exception",
                   "A relaxation for one partner, instead of switching security off: exactly this "
                   "cause is accepted until then, every delivery under it says so, and it ends by "
                   "itself.",
                   std::move(keys)});
  }
  return out;
}

// A cell of a table: `|` would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string fallback_cell(const KeyInfo& key) {
  if (key.required) return "**required**";
  return key.fallback.empty() ? "–" : "`" + key.fallback + "`";
}

std::string manual_text(const KeyInfo& key) {
  std::string out = key.about;
  if (!key.allowed.empty()) out += "\nAllowed: " + key.allowed + ".";
  if (key.required) return out + "\nRequired.";
  return key.fallback.empty() ? out : out + "\nDefault: `" + key.fallback + "`.";
}

}  // namespace

std::string configuration_markdown() {
  std::string out =
      "# Configuration\n\n"
      "<!-- Generated from the key table (src/config/keys.cc); a test compares the two. -->\n\n";
  out.append(kIntroduction).append("\n\n").append(kOtherWords).append("\n");
  for (const Part& part : parts()) {
    out += "\n## `[" + part.title + "]`\n\n" + part.about +
           "\n\n| key | type | default | meaning | allowed |\n|---|---|---|---|---|\n";
    for (const KeyInfo& key : part.keys) {
      out += "| `" + key.name + "` | " + cell(key.type) + " | " + cell(fallback_cell(key)) + " | " +
             cell(key.about) + " | " + cell(key.allowed) + " |\n";
    }
  }
  return out;
}

std::string configuration_manual() {
  ManPage page("postern.toml", 5, "configuration of the mail gateway postern");
  page.section("DESCRIPTION");
  page.paragraph(kIntroduction);
  page.paragraph(kOtherWords);
  page.section("SECTIONS AND KEYS");
  for (const Part& part : parts()) {
    page.subsection("[" + part.title + "]");
    page.paragraph(part.about);
    for (const KeyInfo& key : part.keys) page.item(key.name, key.type, manual_text(key));
  }
  page.section("EXAMPLES");
  page.paragraph("An application relays to a partner over mutual TLS:");
  page.example(
      "[server]\n"
      "hostname = \"edge1.contoso.com\"\n"
      "\n"
      "[certificates.gateway]\n"
      "chain = \"tls/gateway.pem\"\n"
      "key = \"tls/gateway.key\"\n"
      "\n"
      "[receive.apps]\n"
      "listen = [\"127.0.0.1:25\"]\n"
      "relay_from = [\"127.0.0.0/8\"]\n"
      "\n"
      "[send.partner]\n"
      "domains = [\"partner.example\"]\n"
      "hosts = [\"mail.partner.example:25\"]\n"
      "tls = \"mutual\"\n"
      "tls_domain = \"partner.example\"\n"
      "certificate = \"gateway\"");
  page.section("FILES");
  page.item("/etc/postern/postern.toml", "", "Read where no other is named.");
  page.section("SEE ALSO");
  page.paragraph("`postern`(1)");
  return page.text();
}

}  // namespace postern::config
