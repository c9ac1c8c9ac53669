#!/usr/bin/env python3
"""Is the certificate revoked? CRL and OCSP are really asked for, at the addresses that the certificate names."""

import smtplib
import ssl
import time

from common import PEER_CURES, Scenario, main
from kit import DEADLINE
from kit.gateway import listen
from kit.web import Web

LOOPBACK = {"fetch_allow": ["127.0.0.0/8"], "fetch_proxy": "none"}
WHOLE_LIMIT = 10.0  # seconds: kFetchTimeLimit, all fetches of one session together


class Revocation(Scenario):
    """A partner's certificate that names a CRL, an OCSP responder, or both."""

    def setUp(self):
        super().setUp()
        self.web = Web()
        self.addCleanup(self.web.stop)

    def certificate(self, crl=None, ocsp=None, name="mx.partner.test", **more):
        urls = {"crl_urls": [self.web.url(crl) if crl.startswith("/") else crl] if crl else [],
                "ocsp_urls": [self.web.url(ocsp) if ocsp.startswith("/") else ocsp] if ocsp else []}
        self.pki.make({"id": "named", "kind": "leaf", "issuer": "agreed-root", "dns": [name], **urls, **more})
        return self.tls("named")

    def crl(self, revoked=()):
        loads = [{"id": one, "kind": "load", "issuer": "agreed-root"} for one in revoked]
        self.pki.make(*loads, {"id": "list", "kind": "crl", "issuer": "agreed-root", "revoked": list(revoked)})
        return (self.pki.dir / "list.crl").read_bytes()

    def ocsp(self, status="good"):
        self.pki.make({"id": "named", "kind": "load", "issuer": "agreed-root"},
                      {"id": "answer", "kind": "ocsp", "issuer": "agreed-root", "of": "named", "status": status})
        return (self.pki.dir / "answer.ocsp").read_bytes()

    def begin(self, tls, send=None, server=None):
        self.partner = self.peer(tls=tls)
        return self.serve(send=send, queue=PEER_CURES, server={**LOOPBACK, **(server or {})})

    def delivered(self, subject="goes"):
        self.gateway.submit("bob@partner.test", subject)
        self.gateway.wait_delivered(subject, WHOLE_LIMIT + 5)

    def told(self, *facts):
        """The gateway tells its operator what it could not find out about a host that it uses all the same."""
        for fact in facts:
            self.gateway.wait_log(fact, 5)


class Revoked(Revocation):
    def test_by_crl_holds_and_a_new_certificate_releases(self):
        tls = self.certificate(crl="/root.crl")
        self.web.serve("/root.crl", self.crl(revoked=["named"]))
        self.begin(tls)
        self.hold("revoked", "server", False, says=["revoked"],
                  last_error="454 4.7.5 Certificate validation failure: revoked")
        self.assertEqual(self.web.asked, ["GET /root.crl"], "asked once, then from the cache")
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test")))

    def test_by_ocsp_holds(self):
        tls = self.certificate(ocsp="/ocsp", crl="/root.crl")
        self.web.serve("/ocsp", self.ocsp("revoked"))
        self.begin(tls)
        self.hold("revoked", "server", False)
        self.assertEqual(len(self.web.asked), 1)
        self.assertTrue(self.web.asked[0].startswith("GET /ocsp/M"), self.web.asked)

    def test_switched_off_nobody_is_asked(self):
        tls = self.certificate(crl="/root.crl")
        self.web.serve("/root.crl", self.crl(revoked=["named"]))
        self.begin(tls, send={"revocation": "off"})
        self.delivered()
        self.assertEqual(self.web.asked, [])


class Unreachable(Revocation):
    def test_required_holds_and_goes_by_itself_when_the_server_is_back(self):
        tls = self.certificate(crl="/root.crl")
        self.web.serve("/root.crl", self.crl())
        self.web.away()
        self.begin(tls, send={"revocation": "required"})
        self.hold("revocation-unreachable", "ca", None, says=[self.web.url("/root.crl"), "Connection refused"],
                  last_error="revocation-unreachable")
        # The failure is remembered a short while: kMinFailed, doubling.
        self.cured(self.web.back, within=45)

    def test_when_published_delivers_and_says_so(self):
        self.begin(self.certificate(crl="/gone.crl"))
        self.delivered()
        self.told("revocation-unreachable: the revocation state of", f"crl {self.web.url('/gone.crl')}: HTTP status 404")

    def test_a_server_that_says_nothing_costs_a_limited_time_once(self):
        tls = self.certificate(crl="/silent.crl", ocsp="/silent")
        self.web.serve("/silent.crl", silent=True)
        self.web.serve("/silent", silent=True)
        self.begin(tls)
        begun = time.monotonic()
        self.delivered()
        self.assertLess(time.monotonic() - begun, WHOLE_LIMIT + 2)
        self.told("no answer in time")

    def test_wrong_content_is_told_and_the_crl_answers_for_a_broken_responder(self):
        tls = self.certificate(crl="/root.crl", ocsp="/ocsp")
        self.web.serve("/ocsp", b"<html>Sign in to the hotel's network</html>")
        self.web.serve("/root.crl", self.crl())
        self.begin(tls, send={"revocation": "required"})
        self.delivered()
        self.assertNotIn("revocation-unreachable", self.gateway.text())

    def test_too_much_is_cut_off(self):
        tls = self.certificate(ocsp="/ocsp")
        self.web.serve("/ocsp", b"\x30" * (1 << 20))
        self.begin(tls)
        self.delivered()
        self.told("longer than")


class Hostile(Revocation):
    """The certificate chooses the address; the gateway goes where the configuration lets it."""

    def refused(self, url, says, server=None):
        self.begin(self.certificate(crl=url), server=server)
        self.delivered()
        self.told(says)

    def test_loopback_is_not_asked_unless_it_is_listed(self):
        self.web.serve("/root.crl", self.crl())
        self.refused("/root.crl", "not asked: 127.0.0.1 is a loopback address", server={"fetch_allow": []})
        self.assertEqual(self.web.asked, [])

    def test_a_name_that_leads_to_loopback_is_not_asked(self):
        self.refused(self.web.url("/root.crl", host="localhost"), "is a loopback address", server={"fetch_allow": []})
        self.assertEqual(self.web.asked, [])

    def test_a_redirect_to_another_host_is_not_followed(self):
        self.web.serve("/root.crl", location=f"http://localhost:{self.web.port}/inside")
        self.refused("/root.crl", "redirected to another host, localhost")
        self.assertEqual(self.web.asked, ["GET /root.crl"])

    def test_files_and_directories_are_not_followed(self):
        self.refused("ldap://127.0.0.1/CN=root", "ldap://127.0.0.1/CN=root: not followed")

    def test_a_permission_counts_after_a_reload(self):
        tls = self.certificate(crl="/root.crl")
        self.web.serve("/root.crl", self.crl())
        self.begin(tls, send={"revocation": "required"}, server={"fetch_allow": []})
        self.hold("revocation-unreachable", "ca", None, says=["server.fetch_allow does not list it"])
        self.cured(lambda: self.gateway.edit(lambda c: c["server"].update(fetch_allow=["127.0.0.1"])))


class Receiving(Revocation):
    def test_a_revoked_client_certificate_authenticates_nobody(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test"))
        self.certificate(crl="/root.crl", name="client.partner.test")
        self.web.serve("/root.crl", self.crl(revoked=["named"]))
        port = listen()
        mutual = {"listen": [port], "tls": "mutual", "client_domains": ["client.partner.test"], "trust": ["agreed"],
                  "accept_domains": ["partner.test"], "certificate": "ours"}
        ours = {"chain": str(self.pki.chain("edge.contoso.test")), "key": str(self.pki.key("edge.contoso.test"))}
        self.serve(server=LOOPBACK, receive={"partners": mutual}, certificates={"ours": ours})
        context = ssl.create_default_context(cafile=self.pki.cert("agreed-root"))
        context.check_hostname = False
        context.load_cert_chain(self.pki.chain("named"), self.pki.key("named"))
        with smtplib.SMTP("127.0.0.1", int(port.rpartition(":")[2]), "client.partner.test", timeout=DEADLINE) as client:
            client.starttls(context=context)
            client.ehlo()
            code, words = client.mail("alice@partner.test")
        self.assertGreaterEqual(code, 400, words)
        self.assertIn(b"revoked", words)
        self.assertEqual(self.web.asked, ["GET /root.crl"])


if __name__ == "__main__":
    main()
