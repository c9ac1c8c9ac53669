#!/usr/bin/env python3
"""Scenarios 9 to 13: before the handshake."""

from common import PEER_CURES, Scenario, main

REQUIRED = "451 5.7.3 STARTTLS is required to send mail"


class Scenario09NotOffered(Scenario):
    def test_held_at_encrypt_too(self):
        self.partner = self.peer()
        self.serve(queue=PEER_CURES, send={"tls": "encrypt", "tls_domain": None})
        self.hold("starttls-not-offered", "server", False, says=["STARTTLS"], last_error=REQUIRED, reference=None)
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test")))
        self.secured()

    def test_held_at_authenticate(self):
        self.partner = self.peer()
        self.serve(queue=PEER_CURES)
        self.hold("starttls-not-offered", "server", False, last_error=REQUIRED)
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test")))
        self.secured()


class Scenario10Stripped(Scenario):
    def test_greeting_and_keyword_are_masked(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test"), masked=True)
        self.serve(queue=PEER_CURES)
        self.hold("starttls-stripped-by-middlebox", "path", None, says=["device", "inspect"], last_error=REQUIRED)
        self.cured(lambda: self.partner.set(masked=False))
        self.secured()

    def test_only_the_keyword_is_masked(self):
        self.partner = self.peer(ehlo=("SIZE 1000000", "XXXXXXXA", "8BITMIME"))
        self.serve(queue=PEER_CURES)
        self.hold("starttls-stripped-by-middlebox", "path", None, says=["device"], last_error=REQUIRED)
        self.cured(lambda: self.partner.set(ehlo=("SIZE 1000000", "8BITMIME"), tls=self.tls("mx.partner.test")))
        self.secured()


class Scenario11Refused(Scenario):
    def test_454_to_starttls(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test"), starttls_reply="454 4.7.0 TLS not available due to local problem")
        self.serve(queue=PEER_CURES)
        self.hold("starttls-rejected", "server", False, says=["TLS not available due to local problem"],
                  last_error="454 4.7.0 TLS not available due to local problem")
        self.cured(lambda: self.partner.set(starttls_reply="220 2.0.0 ready"))
        self.secured()


class Scenario12HeloOnly(Scenario):
    def test_held_where_tls_is_demanded(self):
        self.partner = self.peer(ehlo=None)
        self.serve(queue=PEER_CURES)
        self.hold("starttls-not-offered", "server", False, says=["HELO"], last_error=REQUIRED)
        self.cured(lambda: self.partner.set(ehlo=("8BITMIME",), tls=self.tls("mx.partner.test")))
        self.secured()

    def test_served_where_it_is_not(self):
        self.partner = self.peer(ehlo=None)
        self.serve(send={"tls": "opportunistic", "tls_domain": None})
        self.gateway.submit("bob@partner.test", "by HELO")
        commands = self.partner.wait_messages(1)[0].connection.commands
        self.assertIn("HELO edge.contoso.test", commands)
        self.assertEqual(self.gateway.queue()["blockers"], [])


class Scenario13ServerForcesTls(Scenario):
    def forced(self, words):
        self.partner = self.peer(tls=self.tls("mx.partner.test"), demand_tls=words)
        self.serve(send={"tls": "none", "tls_domain": None, "trust": None})
        self.hold("tls-required-not-used-by-sender", "client", True, says=["partner", "tls"], last_error=words, reference=None)
        self.cured(lambda: self.gateway.edit(
            lambda c: c["send"]["partner"].update(tls="authenticate", tls_domain="mx.partner.test", trust=["agreed"])))
        self.secured()

    def test_in_the_words_of_rfc_3207(self):
        self.forced("530 5.7.0 Must issue a STARTTLS command first")

    def test_in_the_words_of_exchange(self):
        self.forced("451 5.7.3 Must issue a STARTTLS command first")


if __name__ == "__main__":
    main()
