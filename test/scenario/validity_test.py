#!/usr/bin/env python3
"""Scenarios 7, 8: certificates outside their dates."""

import json
import time
import types

from common import PEER_CURES, Scenario, main
from kit import inject, wait_for
from kit.gateway import listen
from kit.pki import install


class Scenario07Expired(Scenario):
    def test_the_server_s_expired_and_renewed_while_mail_waits(self):
        self.pki.leaf("expired", "agreed-root", ["mx.partner.test"], not_before="-10d", not_after="-1d")
        self.pki.leaf("renewed", "agreed-root", ["mx.partner.test"], same_key_as="expired")
        self.partner = self.peer(tls=self.tls("expired"))
        self.serve(queue=PEER_CURES)
        self.hold("expired", "server", False, says=["CN=expired", self.pki.facts["expired"]["not_after"][:10]],
                  last_error="454 4.7.5 Certificate validation failure: expired")
        self.cured(lambda: self.partner.set(tls=self.tls("renewed")))

    def test_it_expires_while_mail_flows(self):
        """A resumed TLS session must not carry mail past the end of the certificate."""
        self.pki.leaf("short", "agreed-root", ["mx.partner.test"], not_after="+4s")
        self.partner = self.peer(tls=self.tls("short"))
        self.serve(queue=PEER_CURES)
        ends = time.monotonic() + 4
        self.gateway.submit("bob@partner.test", "in time")
        self.partner.wait_messages(1, 4)
        time.sleep(max(0.0, ends - time.monotonic()) + 1.5)
        self.gateway.submit("bob@partner.test", "too late")
        blocker = self.gateway.wait_blocker("partner", "expired", messages=1)
        self.assertEqual((blocker["fault"], blocker["ours"]), ("server", False))
        self.assertEqual(self.partner.subjects(), ["in time"])
        self.partner.set(tls=self.tls("mx.partner.test"))
        self.partner.wait_messages(2, 10)

    def test_ours_expires_and_is_renewed(self):
        """The partner declines our expired certificate; the renewed one is two files, written one after the other."""
        self.pki.leaf("ours-old", "agreed-root", ["edge.contoso.test"], not_before="-10d", not_after="-1d")
        ours = self.dir / "ours"
        chain, key = install(self.pki.chain("ours-old"), ours / "chain.pem"), install(self.pki.key("ours-old"), ours / "key.pem")
        self.partner = self.peer(tls=self.tls("mx.partner.test", client_ca=self.pki.cert("agreed-root"), require=True))
        self.serve(send={"tls": "mutual", "certificate": "ours"}, certificates={"ours": {"chain": str(chain), "key": str(key)}})
        # At start an expired only certificate is used, and alerted.
        code, status = self.gateway.status()
        self.assertEqual(code, 1)
        self.assertIn("ours", " ".join(status["problems"]))
        self.hold_expired_of_ours()

        def cure():
            install(self.pki.chain("edge.contoso.test"), chain)
            time.sleep(1)  # what a slow hand takes: the mismatch between the two writes must pass unnoticed
            install(self.pki.key("edge.contoso.test"), key)

        self.cured(cure)

    def hold_expired_of_ours(self):
        self.subjects = [self.gateway.submit("bob@partner.test", f"waiting {i}") for i in range(3)]
        blocker = self.gateway.wait_blocker("partner", messages=3)
        self.assertIn(blocker["code"], ("expired", "client-certificate-not-accepted"))
        self.check_blocker(blocker, blocker["code"], "client", True, ["ours"], "454 4.7.5")
        self.others_flow()


class Scenario08NotYetValid(Scenario):
    def test_the_time_itself_is_the_cure(self):
        self.pki.leaf("early", "agreed-root", ["mx.partner.test"], not_before="+7s")
        begins = time.monotonic() + 7
        self.partner = self.peer(tls=self.tls("early"))
        self.serve(queue=PEER_CURES)
        self.hold("not-yet-valid", "server", False, says=["clock", self.pki.facts["early"]["not_before"][:10]],
                  last_error="454 4.7.5 Certificate validation failure: not-yet-valid")
        self.cured(lambda: time.sleep(max(0.0, begins - time.monotonic())), within=10 + 7)

    def test_the_former_certificate_again(self):
        self.pki.leaf("early", "agreed-root", ["mx.partner.test"], not_before="+2d")
        self.partner = self.peer(tls=self.tls("early"))
        self.serve(queue=PEER_CURES)
        self.hold("not-yet-valid", "server", False)
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test")))


class ExpiryAlert(Scenario):
    def test_a_client_s_certificate_that_ends_soon_is_told_once(self):
        """Its mail would be refused one day, and nobody but its user would know why."""
        self.pki.leaf("app", "agreed-root", ["app.contoso.test"], not_after="+10d")
        self.pki.leaf("stranger", "agreed-root", ["app.fabrikam.test"], not_after="+10d")
        self.partner = self.peer(tls=self.tls("mx.partner.test"))
        told, program, endpoint = self.dir / "told", self.dir / "tell", listen()
        program.write_text(f"#!/bin/sh\ncat >>{told}\necho >>{told}\n")
        program.chmod(0o700)
        ours = {"chain": str(self.pki.chain("edge.contoso.test")), "key": str(self.pki.key("edge.contoso.test"))}
        self.serve(certificates={"ours": ours}, alert={"exec": [str(program)]},
                   receive={"clients": {"listen": [endpoint], "tls": "mutual", "certificate": "ours", "trust": ["agreed"],
                                        "client_domains": ["app.contoso.test"], "accept_domains": ["healthy.test"]}})
        self.assertEqual(self.mail_code("stranger", endpoint), 454)
        for _ in range(2):
            self.assertEqual(self.mail_code("app", endpoint), 250)

        def alerts():
            lines = told.read_text().splitlines() if told.exists() else []
            return [json.loads(line) for line in lines if line.strip()]

        wait_for(alerts, "the alert", 10)
        self.assertEqual([alert["kind"] for alert in alerts()], ["certificate.expiry"])
        self.assertEqual(self.gateway.text().count(" alert.raise "), 1, "one certificate, one alert")
        self.assertIn("the client certificate of 127.0.0.1 on connector clients expires in", alerts()[0]["subject"])
        self.assertIn("ask for renewal", alerts()[0]["text"])

    def mail_code(self, certificate, endpoint):
        """The reply to MAIL from a client with this certificate."""
        leaf = types.SimpleNamespace(chain=self.pki.chain(certificate), key=self.pki.key(certificate))
        context = inject.tls_context(self.pki.cert("agreed-root"), leaf)
        host, port = endpoint.split(":")
        client = inject.connect(host, int(port), context, "edge.contoso.test")
        try:
            return client.mail("alice@contoso.test")[0]
        finally:
            client.quit()


if __name__ == "__main__":
    main()
