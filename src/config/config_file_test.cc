#include "config/config_file.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/keys.h"

namespace postern::config {
namespace {

using namespace std::chrono_literals;
using policy::ReceiveTls;
using verdict::Level;

std::string report(const Loaded& loaded) {
  std::string out;
  for (const auto& diagnostic : loaded.diagnostics) out += diagnostic.str() + "\n";
  return out;
}

Loaded parse(std::string_view text) {
  return parse_config(text, "/etc/postern/postern.toml");
}

constexpr std::string_view kFull = R"(
[server]
hostname = "Edge1.Contoso.com"
store = "sqlite:data/q.db"
dns = ["127.0.0.1:5353", "[::1]"]
trust_anchor = "root.key"
body_memory = "1MiB"
min_free_space = 1000
threads = 3
log_file = "/var/log/postern.log"
protocol_log = "log"
protocol_log_max_size = "5MB"
protocol_log_max_age = "7d"

[queue]
probe_min = "2s"
probe_max = 60
retain_delivered = "1h30m"

[timeouts]
greeting = "1m"

[certificates.hybrid]
chain = "tls/hybrid.pem"
key = "tls/hybrid.key"

[trust.partners]
files = ["tls/roots/*.pem"]
crls = ["tls/partners.crl"]
added_by = "ops"
partner = "Fabrikam"

[receive.internet]
listen = ["0.0.0.0:25", "[::]:25"]
fqdn = "hybrid.contoso.com"
tls = "mutual"
certificate = "hybrid"
allow_from = ["10.0.0.0/8"]
accept_domains = ["contoso.com"]
relay_from = ["10.1.0.0/16"]
relay_for_clients = true
sender_domains = ["contoso.com"]
client_domains = ["*.fabrikam.com"]
trust = ["system", "partners"]
announce_cas = ["partners"]
min_tls = "1.3"
revocation = "required"
legacy_cn = true
keep_organization_headers = true
starttls_reply = "exchange"
max_message_size = "20MB"
allow_bare_newlines = true

[send.cloud]
domains = ["contoso.mail.onmicrosoft.com", "*.fabrikam.com"]
hosts = ["smtp.fabrikam.com", "192.0.2.1:587"]
tls = "authenticate"
tls_domain = "mail.protection.outlook.com"
certificate = "<I>CN=CA<S>CN=mail.contoso.com"
trust = ["system"]
revocation = "off"
helo = "out.contoso.com"
source_address = "192.0.2.9"
source_address6 = "2001:DB8::9"
port = 2525

[send.local]
domains = ["contoso.com"]
drop = "var/drop"

[partner.fabrikam]
domains = ["fabrikam.com"]
send = "mutual"
receive = "mutual"
names = ["mail.fabrikam.com"]
trust = ["partners"]
exception = { accept = "untrusted-root", until = 2026-12-01T00:00:00Z, by = "ops", why = "CR 4711" }

[send.rest]
domains = ["*"]
certificate = "hybrid"

[admin]
listen = "unix:var/postern.sock"

[alert]
mail = ["postmaster@contoso.com"]
mail_from = "postern@contoso.com"
exec = ["/usr/bin/notify", "-v"]
webhook = "https://alerts.contoso.com/x"
expiry_warnings = ["10d", 3600]
)";

TEST(ParseConfig, ReadsEveryKindOfValue) {
  const Loaded loaded = parse(kFull);
  ASSERT_TRUE(loaded.ok()) << report(loaded);
  EXPECT_TRUE(loaded.diagnostics.empty()) << report(loaded);
  const policy::Config& c = loaded.config;
  EXPECT_EQ(c.server.hostname, "edge1.contoso.com");
  EXPECT_EQ(c.server.store, "sqlite:/etc/postern/data/q.db");
  EXPECT_EQ(c.server.dns, (std::vector<policy::Endpoint>{{"127.0.0.1", 5353}, {"::1", 53}}));
  EXPECT_EQ(c.server.dns_trust_anchor, "/etc/postern/root.key");
  EXPECT_EQ(c.server.body_memory, 1U << 20);
  EXPECT_EQ(c.server.min_free_space, 1000U);
  EXPECT_EQ(c.server.threads, 3U);
  EXPECT_EQ(c.server.log_file, "/var/log/postern.log");
  EXPECT_EQ(c.server.protocol_log, "/etc/postern/log");
  EXPECT_EQ(c.server.protocol_log_max_size, 5'000'000U);
  EXPECT_EQ(c.server.protocol_log_max_age, Duration(168h));
  EXPECT_EQ(c.queue.probe_min, Duration(2s));
  EXPECT_EQ(c.queue.probe_max, Duration(60s));
  EXPECT_EQ(c.queue.retain_delivered, Duration(90min));
  EXPECT_EQ(c.timeouts.greeting, Duration(1min));
  ASSERT_EQ(c.certificates.size(), 1U);
  EXPECT_EQ(c.certificates[0].chain, "/etc/postern/tls/hybrid.pem");
  ASSERT_EQ(c.trust.size(), 1U);
  EXPECT_EQ(c.trust[0].files, (std::vector<std::string>{"/etc/postern/tls/roots/*.pem"}));
  EXPECT_EQ(c.admin_socket, "/etc/postern/var/postern.sock");
  EXPECT_EQ(c.alert.exec, (std::vector<std::string>{"/usr/bin/notify", "-v"}));
  EXPECT_EQ(c.alert.expiry_warnings, (std::vector<Duration>{240h, 1h}));
}

TEST(ParseConfig, ReadsReceiveConnectors) {
  const Loaded loaded = parse(kFull);
  const auto* in = loaded.config.find_receive("internet");
  ASSERT_NE(in, nullptr);
  EXPECT_EQ(in->listen, (std::vector<policy::Endpoint>{{"0.0.0.0", 25}, {"::", 25}}));
  EXPECT_EQ(in->tls, ReceiveTls::mutual);
  EXPECT_EQ(in->min_tls, verdict::TlsVersion::tls1_3);
  EXPECT_EQ(in->revocation, verdict::Revocation::required);
  EXPECT_EQ(in->starttls_reply, policy::StarttlsReply::exchange);
  EXPECT_EQ(in->client_domains, (std::vector<std::string>{"*.fabrikam.com"}));
  EXPECT_TRUE(in->relay_from.at(0).contains("10.1.2.3"));
  EXPECT_TRUE(in->relay_for_clients && in->legacy_cn && in->keep_organization_headers);
  EXPECT_EQ(in->max_message_size, 20'000'000U);
  EXPECT_EQ(in->where.line, 33);
}

TEST(ParseConfig, ReadsSendConnectorsInTheOrderOfTheFile_AndPartners) {
  const Loaded loaded = parse(kFull);
  const policy::Config& c = loaded.config;
  ASSERT_EQ(c.send.size(), 3U);
  EXPECT_EQ(c.send[0].name, "cloud");
  EXPECT_EQ(c.send[1].name, "local");
  EXPECT_EQ(c.send[2].name, "rest");
  EXPECT_EQ(c.send[0].hosts,
            (std::vector<policy::Endpoint>{{"smtp.fabrikam.com", 25}, {"192.0.2.1", 587}}));
  EXPECT_EQ(c.send[0].tls, Level::authenticate);
  EXPECT_EQ(c.send[0].source_address6, "2001:db8::9");
  EXPECT_EQ(c.send[0].port, 2525);
  EXPECT_EQ(c.send[1].drop, "/etc/postern/var/drop");
  const auto* partner = c.find_partner("fabrikam");
  ASSERT_NE(partner, nullptr);
  EXPECT_EQ(partner->send, Level::mutual);
  EXPECT_EQ(partner->receive, ReceiveTls::mutual);
  ASSERT_TRUE(partner->exception);
  EXPECT_EQ(partner->exception->accept, "untrusted-root");
  EXPECT_EQ(format_rfc3339(partner->exception->until), "2026-12-01T00:00:00Z");
  EXPECT_EQ(partner->exception->why, "CR 4711");
}

TEST(ParseConfig, TheSmallestFileGetsTheDefaults) {
  const Loaded loaded = parse("[server]\nhostname = 'edge1.contoso.com'\n");
  ASSERT_TRUE(loaded.ok()) << report(loaded);
  EXPECT_EQ(loaded.config.server.store, "sqlite:/etc/postern/var/postern.db");
  EXPECT_EQ(loaded.config.admin_socket, "/etc/postern/var/postern.sock");
  EXPECT_EQ(parse("[admin]\nlisten = 'tcp:1'\n").config.admin_socket, "");
  EXPECT_EQ(loaded.config.queue.lifetime, Duration(120h));
  EXPECT_EQ(loaded.config.alert.expiry_warnings.size(), 3U);
}

TEST(ParseConfig, AFileThatIsNoTomlStillTellsWhereCommandsGo) {
  const auto socket = [](const std::string& text) {
    const Loaded loaded = parse(text + "\n[broken\n");
    EXPECT_FALSE(loaded.ok());
    return loaded.config.admin_socket;
  };
  EXPECT_EQ(socket("[server]\nhostname = 'edge1.contoso.com'"), "/etc/postern/var/postern.sock");
  EXPECT_EQ(socket("[admin]\n listen = \"unix:/run/p.sock\" # here"), "/run/p.sock");
  EXPECT_EQ(socket("[admin]\nlisten='unix:run/p.sock'"), "/etc/postern/run/p.sock");
  EXPECT_EQ(socket("[receive.a]\nlisten = 'unix:/no'"), "/etc/postern/var/postern.sock");
  EXPECT_EQ(socket("[admin]\nlisten = 'unix:/no"), "/etc/postern/var/postern.sock");
}

// A wildcard of one family leaves the other alone, and port 0 is a new port each time.
TEST(ParseConfig, ListenersThatDoNotConflict) {
  const Loaded loaded = parse(
      "[server]\nhostname = 'edge1.contoso.com'\n"
      "[receive.a]\ntls = 'none'\nlisten = ['0.0.0.0:25', '[::]:25', '127.0.0.1:0']\n"
      "[receive.b]\ntls = 'none'\nlisten = ['0.0.0.0:26', '[::]:26', '127.0.0.1:0']\n"
      "[send.out]\ndomains = ['*']\n");
  EXPECT_TRUE(loaded.diagnostics.empty()) << report(loaded);
}

TEST(ParseConfig, SmartHostsMayTakeTheirNamesFromPartners) {
  const std::string text =
      "[server]\nhostname = 'edge1.contoso.com'\n"
      "[send.a]\ndomains = ['fabrikam.com', '*.eu.fabrikam.com']\nhosts = ['smtp.hub.com']\n"
      "tls = 'authenticate'\n"
      "[partner.fabrikam]\nnames = ['mail.fabrikam.com']\n";
  EXPECT_TRUE(parse(text + "domains = ['fabrikam.com', '*.fabrikam.com']\n").ok());
  EXPECT_FALSE(parse(text + "domains = ['fabrikam.com']\n").ok());
}

TEST(ParseConfig, ReportsAreBounded_AndNeverHideThatThereAreErrors) {
  std::string text = "[server]\nhostname = 'edge1.contoso.com'\n";
  for (int i = 0; i < 1000; ++i) {
    text += "[send.s" + std::to_string(i) + "]\ndomains = ['*']\ntls = 'may'\n";
  }
  text += "[send.last]\ndomains = ['*']\ntls = 'nothing'\n";
  const Loaded loaded = parse(text);
  EXPECT_FALSE(loaded.ok());
  EXPECT_LE(loaded.diagnostics.size(), 200U);
}

// Every key of the documentation is one that the loader knows, and the committed page is the
// generated one. POSTERN_REWRITE=1 writes it anew.
TEST(ConfigurationMarkdown, IsWhatTheDocsHold) {
  const std::string path = POSTERN_SOURCE_DIR "/docs/configuration.md";
  if (std::getenv("POSTERN_REWRITE") != nullptr) std::ofstream(path) << configuration_markdown();
  std::stringstream committed;
  committed << std::ifstream(path).rdbuf();
  EXPECT_EQ(committed.str(), configuration_markdown());
}

TEST(ConfigurationMarkdown, ShowsDefaultsAsTheyAreWrittenInTheFile) {
  const std::string text = configuration_markdown();
  for (const char* row : {
           "| `hostname` | domain name | **required** |",
           "| `body_memory` | size | `\"256KiB\"` |",
           "| `probe_max` | duration | `\"5m\"` |",
           "| `retain_delivered` | duration | `\"0s\"` |",
           "| `trust` | list of string | `[\"system\"]` |",
           "| `min_tls` | word | `\"1.2\"` |",
           "| `port` | integer | `25` |",
       }) {
    EXPECT_THAT(text, testing::HasSubstr(row));
  }
}

TEST(ConfigurationManual, HoldsEveryKeyAndAnExampleThatLoads) {
  const std::string text = configuration_manual();
  for (const SectionInfo& section : sections()) {
    for (const KeyInfo& key : section.keys)
      EXPECT_THAT(text, testing::HasSubstr("\n\\fB" + key.name + "\\fR")) << section.name;
  }
  const std::size_t from = text.find(".nf\n") + 4;
  std::string example = text.substr(from, text.find(".fi\n") - from);
  for (const auto& [escape, plain] :
       {std::pair("\\(dq", "\""), std::pair("\\-", "-"), std::pair("\\&", "")}) {
    for (std::size_t at = 0; (at = example.find(escape, at)) != std::string::npos;)
      example.replace(at, std::string_view(escape).size(), plain);
  }
  const Loaded loaded = parse(example);
  EXPECT_TRUE(loaded.ok()) << example
                           << (loaded.diagnostics.empty() ? "" : loaded.diagnostics[0].message);
}

}  // namespace
}  // namespace postern::config
