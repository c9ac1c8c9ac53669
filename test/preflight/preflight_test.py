#!/usr/bin/env python3
"""postern preflight, trust and cert as a program: exit codes, errors, and what they leave on disk."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from kit.dns import DnsServer  # noqa: E402
from kit.https_proxy import HttpsProxy  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.web import Web  # noqa: E402

POSTERN = os.environ["POSTERN"]

CONFIG = """
[server]
hostname = "mail.contoso.test"

[certificates.hybrid]
chain = "pki/old.pem"
key   = "pki/old.key"

[trust.system]
files = ["pki/root.crt"]

[trust.partners]
files = ["roots/*.pem"]

[receive.internet]
listen         = ["127.0.0.1:2525"]
tls            = "required"
certificate    = "{pin}"
accept_domains = ["contoso.test"]

[send.internet]
domains     = ["*"]
certificate = "hybrid"
"""


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.pki = Pki(self.dir / "pki")
        self.pki.root("root").make(
            {"id": "ca1", "kind": "ca", "issuer": "root"}, {"id": "ca2", "kind": "ca", "issuer": "root"})
        for name, issuer in (("old", "ca1"), ("same", "ca1"), ("other", "ca2")):
            self.pki.leaf(name, issuer, ["mail.contoso.test"], cn="mail.contoso.test", not_after="+365d")
        self.pki.root("partner-root")
        (self.dir / "roots").mkdir()
        self.configure("hybrid")

    def configure(self, pin):
        (self.dir / "postern.toml").write_text(CONFIG.format(pin=pin))

    def run_postern(self, *words, code):
        done = subprocess.run([POSTERN, *map(str, words)], cwd=self.dir, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code != 2 else done.stderr

    def preflight(self, name, code, *more):
        out = self.run_postern("preflight", "--cert", self.pki.chain(name), "--key", self.pki.key(name), "--json", *more,
                               code=code)
        return json.loads(out)


class Preflight(Program):
    def test_safe_by_name_and_not_by_a_pin_that_goes_stale(self):
        self.assertTrue(self.preflight("other", 0)["safe"])
        self.configure(self.pki.facts["old"]["exchange_name"])
        self.assertTrue(self.preflight("same", 0)["safe"])
        broken = self.preflight("other", 1)
        self.assertEqual([f["code"] for f in broken["findings"] if f["impact"] == "breaks"], ["tlscertificatename-stale"])
        self.assertIn('certificate = "hybrid"', [line for c in broken["commands"] for line in c["lines"]])

    def test_a_key_of_another_certificate(self):
        out = self.run_postern("preflight", "--cert", self.pki.chain("same"), "--key", self.pki.key("other"), code=1)
        self.assertTrue(out.startswith("NOT SAFE"), out)
        self.assertIn("key-certificate-mismatch", out)

    def test_saved_output_of_exchange(self):
        export = self.dir / "exchange"
        export.mkdir()
        old = self.pki.facts["old"]
        issuer, subject = old["exchange_name"][3:].split("<S>")
        (export / "certs.txt").write_text(
            f"Thumbprint : {old['thumbprint']}\nSubject : {subject}\nIssuer : {issuer}\nServices : SMTP\n"
            "CertificateDomains : {mail.contoso.test}\nHasPrivateKey : True\n", encoding="utf-16")
        (export / "connectors.txt").write_text(
            "Identity : EX01\\Frontend\nBindings : {0.0.0.0:25}\nAuthMechanism : Tls\nFqdn : mail.contoso.test\n"
            f"TlsCertificateName : {old['exchange_name']}\n")
        both = ["--exchange", export, "--config", self.dir / "postern.toml"]
        self.assertTrue(self.preflight("same", 0, *both)["safe"])
        broken = self.preflight("other", 1, *both, "--replaces", old["thumbprint"])
        self.assertEqual(broken["replaces"], old["thumbprint"])
        self.assertIn("receive connector EX01\\Frontend", [f["connector"] for f in broken["findings"]])

    def test_what_cannot_be_answered_says_why(self):
        cert = ["preflight", "--cert"]
        for content, says in (("", "empty"), ("hello", "without any PEM block"),
                              (self.pki.key("old").read_text(), "it holds a private key")):
            (self.dir / "x.pem").write_text(content)
            self.assertIn(says, self.run_postern(*cert, "x.pem", code=2))
        self.run_postern(*cert, "nowhere.pem", code=2)
        good = self.pki.chain("same")
        self.assertIn("names no certificate", self.run_postern(*cert, good, "--replaces", "AABB", code=2))
        (self.dir / "notes.txt").write_text("nothing of use")
        self.assertIn("no output of Exchange", self.run_postern(*cert, good, "--exchange", "notes.txt", code=2))


class Online(Program):
    """--online: revocation of the new certificate, and what is published of our domains."""

    def setUp(self):
        super().setUp()
        self.web = Web()
        self.addCleanup(self.web.stop)
        self.zone = DnsServer({"contoso.test": [("MX", 10, "mail.contoso.test")], "mail.contoso.test": [("A", "127.0.0.1")]})
        self.addCleanup(self.zone.stop)
        self.pki.make({"id": "fresh", "kind": "leaf", "issuer": "ca1", "dns": ["mail.contoso.test"], "cn": "mail.contoso.test",
                       "crl_urls": [self.web.url("/ca1.crl"), "ldap:///CN=ca1"]})
        self.server(f'fetch_allow = ["127.0.0.0/8"]\nfetch_proxy = "none"')

    def server(self, lines):
        self.configure("hybrid")
        file = self.dir / "postern.toml"
        file.write_text(file.read_text().replace("[server]", f'[server]\ndns = ["127.0.0.1:{self.zone.port}"]\n{lines}'))

    def publish(self, *revoked):
        self.pki.make(*({"id": one, "kind": "load", "issuer": "ca1"} for one in revoked),
                      {"id": "list", "kind": "crl", "issuer": "ca1", "revoked": list(revoked)})
        self.web.serve("/ca1.crl", (self.pki.dir / "list.crl").read_bytes())

    def found(self, report, code):
        return [(f["impact"], f["cause"]) for f in report["findings"] if f["code"] == code]

    def test_a_crl_that_can_be_reached(self):
        self.publish()
        report = self.preflight("fresh", 0, "--online")
        self.assertEqual([(a["kind"], a["url"], a["ok"]) for a in report["asked"]], [("crl", self.web.url("/ca1.crl"), True)])
        self.assertEqual(self.found(report, "revocation-unreachable"), [])
        self.assertEqual(report["not_looked_at"], [])

    def test_without_online_nothing_is_asked(self):
        self.publish()
        report = self.preflight("fresh", 0)
        self.assertEqual((report["asked"], self.web.asked), ([], []))
        self.assertTrue(any("with --online it is asked at" in one for one in report["not_looked_at"]))

    def test_a_crl_that_is_gone_is_told_by_url_and_reason(self):
        [(impact, cause)] = self.found(self.preflight("fresh", 0, "--online"), "revocation-unreachable")
        self.assertEqual(impact, "warning")
        self.assertIn(f"crl {self.web.url('/ca1.crl')}: HTTP status 404", cause)
        page = self.run_postern("preflight", "--cert", self.pki.chain("fresh"), "--online", code=0)
        self.assertIn("HTTP status 404", page)

    def test_a_revoked_certificate_breaks(self):
        self.publish("fresh")
        report = self.preflight("fresh", 1, "--online")
        self.assertIn("breaks", [impact for impact, _ in self.found(report, "revoked")])

    def test_the_mta_sts_policy_is_read(self):
        self.publish()
        proxy = HttpsProxy()
        self.addCleanup(proxy.stop)
        self.pki.leaf("sts", "ca1", ["mta-sts.contoso.test"])
        self.zone.records["_mta-sts.contoso.test"] = [("TXT", "v=STSv1; id=1;")]
        self.server(f'fetch_allow = ["127.0.0.0/8"]\nfetch_proxy = "{proxy.url}"')
        for mx, exit_code, codes in (("mail.contoso.test", 0, []), ("mx.contoso.test", 1, ["mta-sts-mx-mismatch"])):
            proxy.serve("mta-sts.contoso.test", self.pki.chain("sts"), self.pki.key("sts"),
                        f"version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 86400\n".encode())
            report = self.preflight("fresh", exit_code, "--online")
            self.assertEqual([f["code"] for f in report["findings"] if f["impact"] == "breaks"], codes)


class Trust(Program):
    def test_a_root_comes_into_a_folder_is_audited_and_goes_with_its_record(self):
        added = json.loads(self.run_postern("trust", "add", "partners", self.pki.cert("partner-root"), "--by", "alice",
                                            "--partner", "fabrikam", "--json", code=0))
        self.assertEqual(pathlib.Path(added["file"]).parent, (self.dir / "roots").resolve())
        audit = json.loads(self.run_postern("trust", "audit", "--json", code=1))
        self.assertEqual({f["fault"] for f in audit["findings"]}, {"unused"})
        sha256 = added["added"][0]["sha256"]
        removed = json.loads(self.run_postern("trust", "remove", "partners", sha256, "--by", "bob", "--why", "CR 1", "--json",
                                              code=0))
        self.assertFalse(os.path.exists(added["file"]))
        record = pathlib.Path(removed["record"]).read_text()
        self.assertIn("by bob: CR 1", record)
        self.assertIn("# added-by: alice", record)

    def test_the_last_anchor_of_a_file_that_is_named_stays(self):
        root = self.pki.facts["root"]["sha256"]
        says = self.run_postern("trust", "remove", "system", root, "--by", "bob", "--why", "x", code=2)
        self.assertIn("the only one in", says)  # [trust.system] names its one file


class Cert(Program):
    def test_one_name_for_a_receive_and_a_send_connector(self):
        receive = json.loads(self.run_postern("cert", "which", "--files", "--connector", "receive.internet", "--json", code=0))
        send = json.loads(self.run_postern("cert", "which", "--files", "--connector", "send.internet", "--json", code=0))
        self.assertIn("receive connector internet", receive["asked"])
        self.assertIn("send connector internet", send["asked"])

    def test_a_chain_without_its_intermediate(self):
        chain = self.pki.chain("old")
        chain.write_text(self.pki.cert("old").read_text())
        rows = json.loads(self.run_postern("cert", "list", "--files", "--json", code=1))["certificates"]
        self.assertEqual(rows[0]["status"], "IncompleteChain")
        (self.dir / "roots" / "partner.pem").write_text(self.pki.cert("partner-root").read_text())
        self.assertIn("[incomplete-chain]", self.run_postern("config", "check", code=1))


if __name__ == "__main__":
    unittest.main()
