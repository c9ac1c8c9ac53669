// The commands that prevent what would break, in the order to run them.
#include "base/text.h"
#include "probe/preflight_case.h"

namespace postern::probe {
namespace {

// A single-quoted string of PowerShell: only the quote itself is doubled.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : printable(text)) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

std::string on(const std::string& server) {
  return server.empty() ? "on each Exchange server" : "on " + printable(server);
}

std::string server_option(const std::string& server) {
  return server.empty() ? "" : " -Server " + quoted(server);
}

void import_and_enable(PreflightCase& c, const ExchangeRepairs& repairs) {
  const std::string& thumbprint = c.report.thumbprint;
  for (const std::string& server : repairs.servers) {
    PreflightCommand one{on(server), {}, {}};
    if (!repairs.already_imported) {
      one.lines.push_back("Import-ExchangeCertificate" + server_option(server) +
                          " -FileData ([IO.File]::ReadAllBytes('C:\\new.pfx')) -Password "
                          "(Read-Host -AsSecureString)"
                          " -PrivateKeyExportable $true");
    }
    if (repairs.key_is_missing)
      one.lines.push_back("certutil -repairstore my " + c.leaf().serial());
    one.lines.push_back("Enable-ExchangeCertificate" + server_option(server) + " -Thumbprint " +
                        thumbprint + " -Services " + join(repairs.services, ","));
    one.why =
        repairs.key_is_missing
            ? "The key lies on this server if the request was made here; if HasPrivateKey stays "
              "False, remove the certificate and import the PFX that holds both."
        : repairs.already_imported
            ? "A certificate that is not enabled for SMTP is chosen all the same, and TLS fails."
            : "With its private key and its intermediates in the PFX, enabled before it can be "
              "chosen: importing alone may already change what is presented. Answer No when asked "
              "to overwrite the default SMTP certificate.";
    c.report.commands.push_back(std::move(one));
  }
}

void pin(PreflightCase& c, const ExchangeRepairs& repairs) {
  if (repairs.receive.empty() && repairs.send.empty() && !repairs.hybrid) return;
  PreflightCommand one{"Exchange Management Shell", {}, {}};
  one.lines.push_back("$tls = " + quoted(x509::exchange_certificate_name(c.leaf())));
  for (const std::string& identity : repairs.receive)
    one.lines.push_back("Set-ReceiveConnector " + quoted(identity) + " -TlsCertificateName $tls");
  for (const std::string& identity : repairs.send)
    one.lines.push_back("Set-SendConnector " + quoted(identity) + " -TlsCertificateName $tls");
  if (repairs.hybrid) one.lines.push_back("Set-HybridConfiguration -TlsCertificateName $tls");
  one.why =
      "Issuer and subject as the new certificate bears them; a connector that names the old pair "
      "goes on with the old certificate and ends with it.";
  c.report.commands.push_back(std::move(one));
}

void cloud(PreflightCase& c, const ExchangeRepairs& repairs) {
  if (repairs.inbound.empty() && repairs.outbound.empty()) return;
  PreflightCommand one{"Exchange Online PowerShell", {}, {}};
  for (const auto& [connector, name] : repairs.inbound)
    one.lines.push_back("Set-InboundConnector " + quoted(connector) +
                        " -TlsSenderCertificateName " + quoted(name));
  for (const auto& [connector, name] : repairs.outbound)
    one.lines.push_back("Set-OutboundConnector " + quoted(connector) + " -TlsDomain " +
                        quoted(name));
  one.why =
      "At the moment of the change, if the certificate stays as it is: the name must be one "
      "that it bears.";
  c.report.commands.push_back(std::move(one));
}

void remove_old(PreflightCase& c, const ExchangeRepairs& repairs, const char* where) {
  PreflightCommand one{where, {}, {}};
  for (const std::string& server : repairs.servers)
    one.lines.push_back("Remove-ExchangeCertificate" + server_option(server) + " -Thumbprint " +
                        quoted(repairs.old_thumbprint));
  one.why =
      repairs.remove_at_once
          ? "While it is there it is preferred, and no TlsCertificateName tells the two apart. "
            "Export it first: Export-ExchangeCertificate."
          : "Only when postern check shows the new one on every server and no connector names "
            "the old one.";
  c.report.commands.push_back(std::move(one));
}

}  // namespace

void command_exchange(PreflightCase& c, const ExchangeRepairs& repairs) {
  import_and_enable(c, repairs);
  pin(c, repairs);
  if (!repairs.old_thumbprint.empty() && repairs.remove_at_once)
    remove_old(c, repairs, "Exchange Management Shell");
  cloud(c, repairs);
  c.report.commands.push_back(
      {"on each Exchange server",
       {"Restart-Service MSExchangeTransport, MSExchangeFrontEndTransport"},
       "Open sessions and the cached choice go on with the old certificate until then."});
  if (!repairs.old_thumbprint.empty() && !repairs.remove_at_once)
    remove_old(c, repairs, "last, days later");
}

void command_intermediate(PreflightCase& c, bool exchange) {
  const std::vector<std::string>& urls = c.leaf().aia_urls();
  PreflightCommand one{exchange ? "on each Exchange server, first" : "here, first", {}, {}};
  one.lines = {exchange ? "certutil -addstore CA intermediate.cer"
                        : "cat intermediate.pem >> " + c.inputs.certificate.file};
  one.why = "The intermediate " + printable(c.leaf().issuer(), 200) +
            " is missing; get it from the CA" +
            (urls.empty() ? std::string() : " (" + printable(urls.front(), 200) + ")") +
            ". Peers that do not fetch it find no way from the certificate to its root.";
  c.report.commands.insert(c.report.commands.begin(), std::move(one));
}

void command_request(PreflightCase& c, bool exchange) {
  for (const std::string& name : c.leaf().dns_names()) c.want_name(lower(name));
  const std::vector<std::string>& names = c.report.wanted_names;
  if (names.empty()) return;
  PreflightCommand one{exchange ? "Exchange Management Shell, first" : "here, first", {}, {}};
  if (exchange) {
    std::vector<std::string> list;
    for (const std::string& name : names) list.push_back(quoted(name));
    one.lines = {"New-ExchangeCertificate -GenerateRequest -SubjectName " +
                 quoted("CN=" + names.front()) + " -DomainName " + join(list, ",") +
                 " -PrivateKeyExportable $true"};
  } else {
    std::vector<std::string> list;
    for (const std::string& name : names) list.push_back("DNS:" + name);
    one.lines = {
        "openssl req -new -newkey rsa:2048 -nodes -keyout new.key -out new.csr -subj '/CN=" +
        names.front() + "' -addext 'subjectAltName=" + join(list, ",") + "'"};
  }
  one.why =
      "This certificate will not do. These names are what the connectors and their counterparts "
      "ask "
      "for and what it bears now; have it issued by a public CA, and run preflight again with "
      "that. "
      "The steps below are for binding this one all the same.";
  c.report.commands.insert(c.report.commands.begin(), std::move(one));
}

}  // namespace postern::probe
