#!/usr/bin/env python3
"""postern explain --to-config: the drafts of an Exchange organization and of a Postfix site pass `postern config check`, and
what could not be carried over is said in them.

usage: to_config.py
"""
import os
import pathlib
import subprocess
import tempfile

EXCHANGE = """\
[PS] C:\\>Get-ReceiveConnector | fl

Identity           : EX01\\Default Frontend EX01
Name               : Default Frontend EX01
Bindings           : {[::]:25, 0.0.0.0:25}
AuthMechanism      : Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer
Fqdn               : ex01.contoso.com
RequireTLS         : False
TlsCertificateName : <I>CN=Public CA 1, C=US<S>CN=mail.contoso.com

[PS] C:\\>Get-SendConnector | fl

Identity             : Outbound to Office 365
Name                 : Outbound to Office 365
AddressSpaces        : {smtp:contoso.mail.onmicrosoft.com;1}
CloudServicesMailEnabled : True
Fqdn                 : mail.contoso.com
RequireTLS           : True
TlsAuthLevel         : DomainValidation
TlsDomain            : mail.protection.outlook.com
TlsCertificateName   : <I>CN=Public CA 1, C=US<S>CN=mail.contoso.com

Identity             : Internet
Name                 : Internet
AddressSpaces        : {SMTP:*;1}
SmartHosts           : {[192.0.2.25], smart.example.net}
RequireTLS           : True
TlsAuthLevel         : DomainValidation

[PS] C:\\>Get-TransportConfig | fl TLS*

TLSReceiveDomainSecureList : {fabrikam.com}
TLSSendDomainSecureList    : {fabrikam.com}
"""

MAIN_CF = """\
myhostname = mx1.contoso.com
relay_domains = contoso.com, .contoso.net
mynetworks = 127.0.0.0/8 10.1.0.0/16 [2001:db8::]/32
smtpd_tls_security_level = may
smtpd_tls_chain_files = /etc/postfix/key.pem, /etc/postfix/chain.pem
smtp_tls_security_level = dane
smtp_tls_policy_maps = hash:/etc/postfix/tls_policy
"""

TLS_POLICY = """\
# partners
fabrikam.com        secure match=mx.fabrikam.com:.fabrikam.net
woodgrove.example   encrypt protocols=>=TLSv1.2
pinned.example      fingerprint match=AA:BB:CC
[lonely.example]:25 secure
"""

EXPECTED = {
    "exchange": ["[send.outbound-to-office-365]", 'tls_domain = "mail.protection.outlook.com"', "# [receive.default-frontend-ex01]",
                 "no other SMTP", "the level is 'validate'", '[partner.fabrikam-com]', 'receive = "mutual"'],
    "postfix": ['hostname = "mx1.contoso.com"', "[send.default]", "'dane' was not carried over", "[partner.fabrikam-com]",
                'names = ["mx.fabrikam.com", "*.fabrikam.net"]', "protocols=>=TLSv1.2 was not carried over",
                "'fingerprint' has no counterpart", "[lonely.example]:25"],
}


def run(*arguments):
    return subprocess.run([os.environ["POSTERN"], *arguments], capture_output=True, text=True, timeout=60)


def check(name, files):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for file, text in files.items():
            paths.append(str(pathlib.Path(folder, file)))
            pathlib.Path(paths[-1]).write_text(text, encoding="utf-8")
        drafted = run("explain", "--to-config", *paths)
        assert drafted.returncode == 0, drafted.stderr
        unwrapped = drafted.stdout.replace("\n# ", " ").replace("\n", "\n")
        for words in EXPECTED[name]:
            assert words in unwrapped or words in drafted.stdout, f"{name}: {words!r} is missing in\n{drafted.stdout}"
        config = pathlib.Path(folder, "postern.toml")
        config.write_text(drafted.stdout, encoding="utf-8")
        checked = run("config", "check", "--config", str(config))
        assert "error" not in checked.stdout + checked.stderr, f"{name}: {checked.stdout}{checked.stderr}\n{drafted.stdout}"
        assert checked.returncode in (0, 1), f"{name}: exit {checked.returncode}\n{checked.stdout}{checked.stderr}"


def main():
    check("exchange", {"exchange.txt": EXCHANGE})
    check("postfix", {"main.cf": MAIN_CF, "tls_policy": TLS_POLICY})
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        log.write("Nov  3 10:00:00 m postfix/smtp[1]: status=sent (250 ok)\n")
        log.flush()
        refused = run("explain", "--to-config", log.name)
    assert refused.returncode != 0 and "main.cf" in refused.stderr, refused.stderr
    print("two drafts pass config check; a log is no settings")


if __name__ == "__main__":
    main()
