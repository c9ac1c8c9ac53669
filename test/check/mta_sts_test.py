#!/usr/bin/env python3
"""MTA-STS as check sees it: the record, the policy of its host over TLS that is checked, and what its senders would do."""

import unittest

from common import CheckCase, run
from kit.dns import DnsServer
from kit.https_proxy import HttpsProxy

POLICY = "version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 604800\r\n"


class MtaSts(CheckCase):
    def setUp(self):
        super().setUp()
        self.pki.make({"id": "sts", "kind": "leaf", "issuer": "root", "dns": ["mta-sts.partner.test"]},
                      {"id": "stranger", "kind": "ca", "cn": "Stranger"})
        self.proxy = HttpsProxy()
        self.addCleanup(self.proxy.stop)
        (self.dir / "postern.toml").write_text(
            f'[server]\nhostname = "gateway.test"\nstore = "sqlite:{self.dir}/p.db"\nfetch_proxy = "{self.proxy.url}"\n')
        self.mx = self.peer(tls=self.tls())
        self.zone = DnsServer({"partner.test": [("MX", 10, "mx.partner.test")], "mx.partner.test": [("A", "127.0.0.1")],
                               "_mta-sts.partner.test": [("TXT", "v=STSv1; id=20261121;")]})
        self.addCleanup(self.zone.stop)

    def publish(self, mode="enforce", mx="mx.partner.test", body=None, leaf="sts", **more):
        text = body if body is not None else POLICY.format(mode=mode, mx=mx)
        self.proxy.serve("mta-sts.partner.test", self.pki.chain(leaf), self.pki.key(leaf), text.encode(), **more)

    def look(self, *arguments, kind="postfix-verify"):
        return self.check("partner.test", "--config", self.dir / "postern.toml", "--dns", f"127.0.0.1:{self.zone.port}",
                          "--port", self.mx.port, "--as", kind, "--quick", *arguments, name=None)

    def found(self, report):
        return [(f["severity"], f["code"], f["hosts"]) for f in report["findings"]]

    def test_a_policy_that_fits_is_sound(self):
        self.publish()
        report = self.look()
        self.assertEqual(self.found(report), [])
        self.assertEqual(report["exit"], 0)
        sts = report["mta_sts"]
        self.assertEqual((sts["id"], sts["mode"], sts["mx"], sts["max_age_s"], sts["problem"]),
                         ("20261121", "enforce", ["mx.partner.test"], 604800, ""))
        self.assertEqual(report["hosts"][0]["mta_sts"], {"listed": True, "ok": True, "code": "none"})
        self.assertEqual(report["notes"], [])
        self.assertEqual(self.proxy.asked, ["CONNECT mta-sts.partner.test:443", "GET /.well-known/mta-sts.txt"])

    def test_postern_says_that_it_does_not_enforce_it_yet(self):
        self.publish()
        [note] = self.look(kind="postern")["notes"]
        self.assertIn("does not enforce DANE and MTA-STS yet", note)
        page = run("partner.test", "--config", self.dir / "postern.toml", "--dns", f"127.0.0.1:{self.zone.port}", "--port",
                   self.mx.port, "--trust", self.pki.cert("root"), "--quick", cwd=self.dir).stdout
        self.assertIn("MTA-STS: enforce, id 20261121, lists mx.partner.test, for 7 d; every MX host fits it", " ".join(page.split()))
        self.assertIn("does not enforce DANE and MTA-STS yet", " ".join(page.split()))

    def test_an_mx_that_is_not_listed(self):
        for mode, severity in (("enforce", "critical"), ("testing", "warning")):
            self.publish(mode, "mail.partner.test")
            self.assertEqual(self.found(self.look()),
                             [(severity, "mta-sts-mx-mismatch", ["mx.partner.test [127.0.0.1]"]),
                              ("info", "mta-sts-mx-mismatch", ["mta-sts.partner.test"])], mode)
        self.publish("none", "mail.partner.test")
        self.assertEqual(self.found(self.look()), [])

    def test_a_certificate_that_its_senders_refuse_though_this_one_takes_it(self):
        self.publish()
        self.pki.leaf("wrong", "root", ["mail.elsewhere.test"])
        self.mx.set(tls=self.tls("wrong"))
        report = self.look(kind="opportunistic")
        self.assertTrue(report["ok"])
        refused = [f for f in report["findings"] if f["severity"] == "critical"]
        self.assertEqual([f["code"] for f in refused], ["name-mismatch"])
        self.assertIn("senders with MTA-STS refuse it", refused[0]["text"])

    def test_why_a_policy_cannot_be_had_is_said(self):
        self.pki.leaf("other", "root", ["www.partner.test"])
        self.pki.leaf("strange", "stranger", ["mta-sts.partner.test"])
        self.pki.leaf("old", "root", ["mta-sts.partner.test"], not_before="-90d", not_after="-1d")
        rows = ((dict(status="404 Not Found", body=""), "HTTP status 404"),
                (dict(status="301 Moved", body="", location="https://mta-sts.partner.test/policy"), "redirected"),
                (dict(content_type="text/html"), "the media type is 'text/html', not text/plain"),
                (dict(body="version: STSv1\nmode: maybe\n"), "mode is enforce, testing or none"),
                (dict(body="x" * 70000), "longer than 65536 octets"),
                (dict(leaf="other"), "the certificate of mta-sts.partner.test is not accepted"),
                (dict(leaf="strange"), "the certificate of mta-sts.partner.test is not accepted"),
                (dict(leaf="old"), "expired"))
        for how, words in rows:
            with self.subTest(words=words, **{k: v for k, v in how.items() if k != "body"}):
                self.publish(**how)
                report = self.look()
                self.assertEqual(self.found(report), [("warning", "mta-sts-policy-fetch-failed", ["mta-sts.partner.test"])])
                self.assertIn(words, report["mta_sts"]["problem"])
                self.assertIsNone(report["mta_sts"]["mode"])

    def test_without_a_record_no_policy_is_asked_for(self):
        self.publish()
        del self.zone.records["_mta-sts.partner.test"]
        self.assertEqual(self.look()["mta_sts"]["mode"], None)
        self.assertEqual(self.proxy.asked, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
