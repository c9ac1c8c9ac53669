#!/usr/bin/env python3
"""AIA, CRL and OCSP through `postern check`: certificates name addresses of a web server of the test, on loopback."""

import unittest

from common import CheckCase
from kit.gateway import toml
from kit.web import Web

NAME = "mx.partner.test"
ALLOWED = {"fetch_allow": ["127.0.0.0/8"], "fetch_proxy": "none"}
REQUIRED = ("--as", "postern")


class Fetch(CheckCase):
    def setUp(self):
        super().setUp()
        self.web = Web()
        self.addCleanup(self.web.stop)
        self.pki.make({"id": "issuing", "kind": "ca", "issuer": "root", "cn": "Issuing CA"})

    def leaf(self, issuer="root", **more):
        """A leaf and the TLS that presents it; URLs of paths are the test's web server's."""
        for kind in ("crl_urls", "ocsp_urls", "aia_urls"):
            more[kind] = [self.web.url(u) if u.startswith("/") else u for u in more.get(kind, [])]
        self.pki.make({"id": "named", "kind": "leaf", "issuer": issuer, "dns": [NAME], **more})
        return self.tls("named")

    def list_of(self, *revoked, issuer="root", **more):
        self.pki.make(*({"id": one, "kind": "load", "issuer": issuer} for one in revoked),
                      {"id": "list", "kind": "crl", "issuer": issuer, "revoked": list(revoked), **more})
        return (self.pki.dir / "list.crl").read_bytes()

    def answer(self, status, **more):
        self.pki.make({"id": "named", "kind": "load", "issuer": "root"},
                      {"id": "answer", "kind": "ocsp", "issuer": "root", "of": "named", "status": status, **more})
        return self.pki.dir / "answer.ocsp"

    def ask(self, tls, *arguments, revocation="required", server=ALLOWED, **more):
        """The report under a configuration that says where may be asked."""
        peer = self.peer(tls=tls)
        send = {"domains": ["partner.test"], "hosts": [f"127.0.0.1:{peer.port}"], "tls": "authenticate", "tls_domain": NAME,
                "trust": ["agreed"], "revocation": revocation}
        (self.dir / "postern.toml").write_text(toml({
            "server": {"hostname": "edge.contoso.test", **server}, "trust": {"agreed": {"files": [self.pki.cert("root")]}},
            "send": {"partner": send}}))
        return self.check("partner.test", *(arguments or REQUIRED), trust=False, **{"name": None, **more})

    def revocation(self, report):
        """(result, detail) of the check of that name."""
        return [(c["result"], c["detail"]) for c in report["hosts"][0]["verdict"]["checks"] if c["name"] == "revocation"][0]

    def assert_unreachable(self, report, *words):
        self.assert_verdict(report, "revocation-unreachable", "ca")
        for word in words:
            self.assertIn(word, report["verdict"]["cause"])


class Aia(Fetch):
    def alone(self, url):
        return self.leaf("issuing", leaf_only=True, aia_urls=[url])

    def judged(self, report, result, *words):
        """Fetching never changes what the sender is told; it proves the cause."""
        self.assert_verdict(report, "incomplete-chain", "server")
        [(seen, told)] = self.answers(report, "aia")
        self.assertEqual(seen, result, told)
        for word in words:
            self.assertIn(word, told)

    def test_the_missing_intermediate_is_fetched_and_proves_the_cause(self):
        self.web.serve("/issuing.crt", self.pki.cert("issuing").read_bytes())
        report = self.ask(self.alone("/issuing.crt"), revocation="off")
        self.judged(report, "clean", "all is well", self.web.url("/issuing.crt"), "octets")
        self.assertIn("With the issuer that the certificate names (AIA) the chain is complete", report["verdict"]["cause"])
        self.assertEqual(self.web.asked, ["GET /issuing.crt"])

    def test_an_address_that_has_nothing_is_named_with_what_it_said(self):
        report = self.ask(self.alone("/gone.crt"), revocation="off")
        self.judged(report, "same", self.web.url("/gone.crt") + ": HTTP status 404")

    def test_what_is_no_certificate_completes_nothing(self):
        self.web.serve("/issuing.crt", b"<html>Sign in</html>")
        self.judged(self.ask(self.alone("/issuing.crt"), revocation="off"), "same", self.web.url("/issuing.crt"))

    def test_ldap_is_reported_and_not_followed(self):
        report = self.ask(self.alone("ldap://127.0.0.1/CN=Issuing"), revocation="off")
        self.judged(report, "same", "ldap://127.0.0.1/CN=Issuing: not followed")

    def test_loopback_is_refused_without_fetch_allow(self):
        self.web.serve("/issuing.crt", self.pki.cert("issuing").read_bytes())
        report = self.ask(self.alone("/issuing.crt"), revocation="off", server={"fetch_proxy": "none"})
        self.judged(report, "same", self.web.url("/issuing.crt"), "127.0.0.1 is a loopback address")
        self.assertEqual(self.web.asked, [])

    def test_a_certificate_without_an_address(self):
        self.pki.make({"id": "named", "kind": "leaf", "issuer": "issuing", "dns": [NAME], "leaf_only": True})
        self.judged(self.ask(self.tls("named"), revocation="off"), "same", "no certificate names an address")


class Crl(Fetch):
    def test_not_on_the_list(self):
        tls = self.leaf(crl_urls=["/root.crl"])
        self.web.serve("/root.crl", self.list_of())
        report = self.ask(tls)
        self.assert_verdict(report, "none", "none")
        self.assertEqual(self.revocation(report)[0], "pass")
        self.assertEqual(self.web.asked, ["GET /root.crl"], "all looks of one check share what was fetched")

    def test_revoked(self):
        tls = self.leaf(crl_urls=["/root.crl"])
        self.web.serve("/root.crl", self.list_of("named"))
        report = self.ask(tls)
        self.assert_verdict(report, "revoked", "server")
        self.assertIn("(crl)", report["verdict"]["cause"])

    def test_unreachable_is_named_with_what_it_said(self):
        report = self.ask(self.leaf(crl_urls=["/gone.crl"]))
        self.assert_unreachable(report, f"crl {self.web.url('/gone.crl')}: HTTP status 404")

    def test_nobody_listens(self):
        tls = self.leaf(crl_urls=["/root.crl"])
        self.web.away()
        self.assert_unreachable(self.ask(tls), self.web.url("/root.crl"), "Connection refused")

    def test_unreachable_is_a_warning_where_an_answer_is_not_required(self):
        report = self.ask(self.leaf(crl_urls=["/gone.crl"]), revocation="when-published")
        self.assertTrue(report["verdict"]["ok"])
        self.assertEqual((report["severity"], report["exit"]), ("warning", 1))
        [told] = [f["text"] for f in report["findings"] if f["code"] == "revocation-unreachable"]
        self.assertIn(self.web.url("/gone.crl"), told)

    def test_a_stale_list_does_not_settle_it(self):
        tls = self.leaf(crl_urls=["/root.crl"])
        self.web.serve("/root.crl", self.list_of(this_update="-9d", next_update="-2d"))
        self.assert_unreachable(self.ask(tls), self.web.url("/root.crl"), "does not settle it")

    def test_ldap_is_reported_and_not_followed(self):
        report = self.ask(self.leaf(crl_urls=["ldap://127.0.0.1/CN=Root?certificateRevocationList"]))
        self.assert_unreachable(report, "ldap://127.0.0.1/CN=Root?certificateRevocationList", "not followed, only http and https are")

    def test_loopback_is_refused_without_fetch_allow(self):
        tls = self.leaf(crl_urls=["/root.crl"])
        self.web.serve("/root.crl", self.list_of())
        report = self.ask(tls, server={"fetch_proxy": "none"})
        self.assert_unreachable(report, self.web.url("/root.crl"), "127.0.0.1 is a loopback address", "fetch_allow")
        self.assertEqual(self.web.asked, [])

    def test_servers_that_say_nothing_keep_no_check_beyond_its_time(self):
        for path in ("/silent.crl", "/silent-ocsp"):
            self.web.serve(path, silent=True)
        report = self.ask(self.leaf(crl_urls=["/silent.crl"], ocsp_urls=["/silent-ocsp"]), *REQUIRED, "--quick", time="3s")
        self.assert_unreachable(report, self.web.url("/silent-ocsp"), "no answer in time")
        self.assertLess(report["took_ms"], 4500)


class Senders(Fetch):
    """Whatever kind of sender is asked as, each of the others is told what its own kind would find."""

    def said(self, *arguments):
        tls = self.leaf(crl_urls=["/root.crl"])
        if self.revoked is not None:
            self.web.serve("/root.crl", self.list_of(*self.revoked))
        report = self.ask(tls, *arguments, "--trust", self.pki.cert("root"), name=NAME, revocation="off")
        return {s["as"]: s["code"] for s in report["senders"]}

    def assert_said(self, exchange):
        for arguments in (("--as", "postern"), ("--as", "postern", "--quick")):
            with self.subTest(arguments):
                self.assertEqual(self.said(*arguments), {
                    "postern": "none", "postfix-verify": "none", "postfix-secure": "none", "opportunistic": "none",
                    "exchange-online": exchange, "exchange-domain-security": exchange})

    def test_a_list_that_can_be_had_satisfies_exchange_though_we_do_not_ask(self):
        self.revoked = ()
        self.assert_said("none")

    def test_revoked_is_revoked_for_who_asks(self):
        self.revoked = ("named",)
        self.assert_said("revoked")

    def test_a_list_that_cannot_be_had_is_exchange_s_trouble_alone(self):
        self.revoked = None
        self.assert_said("revocation-unreachable")


class Ocsp(Fetch):
    def served(self, status, **more):
        tls = self.leaf(ocsp_urls=["/ocsp"])
        self.web.serve("/ocsp", self.answer(status, **more).read_bytes())
        return self.ask(tls)

    def test_good(self):
        report = self.served("good")
        self.assert_verdict(report, "none", "none")
        self.assertEqual(self.revocation(report)[0], "pass")
        self.assertEqual(len(self.web.asked), 1)
        self.assertTrue(self.web.asked[0].startswith("GET /ocsp/M"), self.web.asked)

    def test_revoked(self):
        report = self.served("revoked")
        self.assert_verdict(report, "revoked", "server")
        self.assertIn("(ocsp)", report["verdict"]["cause"])

    def test_unknown_is_no_answer(self):
        self.assert_unreachable(self.served("unknown"), self.web.url("/ocsp"))

    def test_an_old_answer_does_not_settle_it(self):
        self.assert_unreachable(self.served("good", this_update="-9d", next_update="-2d"), self.web.url("/ocsp"))

    def test_a_broken_responder_leaves_the_crl(self):
        tls = self.leaf(ocsp_urls=["/ocsp"], crl_urls=["/root.crl"])
        self.web.serve("/ocsp", b"<html>Sign in to the hotel's network</html>")
        self.web.serve("/root.crl", self.list_of("named"))
        self.assert_verdict(self.ask(tls), "revoked", "server")


class Stapled(Fetch):
    def stapled(self, status):
        tls = self.leaf(ocsp_urls=["/ocsp"])
        tls.staple = self.answer(status)
        return self.ask(tls)

    def test_a_good_staple_saves_the_question(self):
        report = self.stapled("good")
        self.assert_verdict(report, "none", "none")
        self.assertGreater(report["hosts"][0]["tls"]["staple_octets"], 0)
        self.assertEqual(self.web.asked, [])

    def test_a_staple_that_says_revoked(self):
        self.assert_verdict(self.stapled("revoked"), "revoked", "server")
        self.assertEqual(self.web.asked, [])

    def test_a_staple_that_says_unknown_leaves_the_responder(self):
        tls = self.leaf(ocsp_urls=["/ocsp"])
        self.web.serve("/ocsp", self.answer("good").read_bytes())
        tls.staple = self.answer("unknown")
        self.assert_verdict(self.ask(tls), "none", "none")
        self.assertEqual(len(self.web.asked), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
