#!/usr/bin/env python3
"""Scenarios 14, 16, 17: client certificates, versions and long lists of CAs."""

import ssl
import subprocess

from common import PEER_CURES, Scenario, main
from kit import wait_for
from kit.gateway import listen
from kit.pki import install

TLS12 = {"maximum": ssl.TLSVersion.TLSv1_2}


class Scenario14ClientCertificate(Scenario):
    def setUp(self):
        super().setUp()
        self.pki.root("unknown-root", cn="Contoso Internal Root")
        self.pki.leaf("unknown", "unknown-root", ["edge.contoso.test"])
        self.ask = {"client_ca": self.pki.cert("agreed-root")}

    def ours(self, name):
        folder = self.dir / "ours"
        self.chain = install(self.pki.chain(name), folder / "chain.pem")
        self.key = install(self.pki.key(name), folder / "key.pem")
        return {"ours": {"chain": str(self.chain), "key": str(self.key)}}

    # Missing: the connector presents none.

    def missing(self, **behaviour):
        self.partner = self.peer(**behaviour)
        self.serve(certificates=self.ours("edge.contoso.test"))
        self.hold("client-certificate-missing", "client", True, says=["certificate", "partner"])
        self.cured(lambda: self.gateway.edit(lambda c: c["send"]["partner"].update(certificate="ours")))
        self.assertTrue(all(m.connection.client_certificate for m in self.partner.messages()))

    def test_missing_tls_1_3_alert(self):
        self.missing(tls=self.tls("mx.partner.test", require=True, **self.ask))

    def test_missing_tls_1_2_alert(self):
        self.missing(tls=self.tls("mx.partner.test", require=True, **self.ask, **TLS12))

    def test_missing_said_in_a_reply(self):
        self.missing(tls=self.tls("mx.partner.test", **self.ask),
                     refuse=lambda c: None if c.client_certificate else "550 5.7.1 a client certificate is required")

    # Not accepted: another CA's, until the right files are put in place.

    def not_accepted(self, says=(), **behaviour):
        self.partner = self.peer(**behaviour)
        self.serve(send={"tls": "mutual", "certificate": "ours"}, certificates=self.ours("unknown"))
        self.hold("client-certificate-not-accepted", "client", True, says=["(ours)", *says], last_error="4.7.5")

        def cure():
            install(self.pki.key("edge.contoso.test"), self.key)
            install(self.pki.chain("edge.contoso.test"), self.chain)

        self.cured(cure)

    def test_not_accepted_tls_1_3_alert(self):
        self.not_accepted(tls=self.tls("mx.partner.test", require=True, **self.ask))

    def test_not_accepted_tls_1_2_alert(self):
        self.not_accepted(tls=self.tls("mx.partner.test", require=True, **self.ask, **TLS12))

    def test_not_accepted_said_in_a_reply(self):
        both = self.dir / "both.pem"
        both.write_text(self.pki.cert("agreed-root").read_text() + self.pki.cert("unknown-root").read_text())
        bad = ssl.PEM_cert_to_DER_cert(self.pki.cert("unknown").read_text())
        self.not_accepted(tls=self.tls("mx.partner.test", client_ca=both),
                          refuse=lambda c: "454 4.7.5 Certificate validation failure" if c.client_certificate == bad else None)

    def test_mutual_is_agreed_and_the_server_does_not_ask(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test"))
        self.serve(queue=PEER_CURES, send={"tls": "mutual", "certificate": "ours"}, certificates=self.ours("edge.contoso.test"))
        self.hold("client-certificate-not-requested", "server", False)
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test", require=True, **self.ask)))


class Scenario16NoCommonVersion(Scenario):
    def test_the_server_ends_at_tls_1_1(self):
        old = {"minimum": ssl.TLSVersion.TLSv1, "maximum": ssl.TLSVersion.TLSv1_1}
        self.partner = self.peer(tls=self.tls("mx.partner.test", **old))
        self.serve(queue=PEER_CURES)
        self.hold("protocol-version-mismatch", "server", False, says=["TLS 1.2"])
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test")))

    def test_the_connector_asks_for_more_than_the_server_has(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test", **TLS12))
        self.serve(send={"min_tls": "1.3"})
        self.hold("protocol-version-mismatch", "server", False, says=["min_tls"])
        self.cured(lambda: self.gateway.edit(lambda c: c["send"]["partner"].pop("min_tls")))


class Scenario17ManyCaNames(Scenario):
    NAMES = 400

    def setUp(self):
        super().setUp()
        self.pki.make(*({"id": f"public-{i}", "kind": "ca", "cn": f"Public Certification Authority Number {i}",
                         "o": "Trust Services International"} for i in range(self.NAMES)))
        self.list = self.dir / "400.pem"
        self.list.write_text("".join(self.pki.cert(f"public-{i}").read_text() for i in range(self.NAMES)))
        self.ours = {"chain": str(self.pki.chain("edge.contoso.test")), "key": str(self.pki.key("edge.contoso.test"))}

    def test_a_server_that_announces_400(self):
        """The list is over 16 KiB, breaks the handshake, and does not name our CA. Without the break ours is presented all the same."""
        ask = {"client_ca": self.pki.cert("agreed-root"), "require": True}
        self.pki.root("unknown-root")
        self.partner = self.peer(tls=self.tls("mx.partner.test", announce=self.list, client_ca=self.pki.cert("unknown-root"),
                                              require=True, **TLS12))
        self.serve(queue=PEER_CURES, send={"tls": "mutual", "certificate": "ours"}, certificates={"ours": self.ours})
        blocker = self.hold("ca-list-too-long", "server", False, says=["CA"])
        self.assertIn("400 CA names", str(blocker["verdict"]))
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test", announce=self.list, **ask)))
        self.assertTrue(all(m.connection.client_certificate for m in self.partner.messages()))

    def test_our_own_request_lists_none(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test"))
        endpoint = listen()
        self.serve(certificates={"ours": self.ours}, trust={"clients": {"files": [str(self.list)]}},
                   receive={"partners": {"listen": [endpoint], "tls": "mutual", "certificate": "ours", "trust": ["clients", "agreed"],
                                         "client_domains": ["mx.partner.test"], "accept_domains": ["contoso.test"]}})
        for version in ("-tls1_2", "-tls1_3"):
            said = self.s_client(endpoint, version)
            self.assertIn("No client certificate CA names sent", said)
            self.assertRegex(said, r"Requested Signature Algorithms|Client Certificate Types")  # it did ask
        # Named, they are listed; a list that Windows clients cannot take is refused with the reason, and nothing changes.
        self.gateway.edit(lambda c: c["receive"]["partners"].update(announce_cas=["clients"]))
        self.gateway.wait_log("36885")
        self.assertIn("No client certificate CA names sent", self.s_client(endpoint, "-tls1_3"))
        self.gateway.edit(lambda c: c["receive"]["partners"].update(announce_cas=["agreed"]))
        wait_for(lambda: "Agreed Root" in self.s_client(endpoint, "-tls1_3").partition("Acceptable client certificate")[2],
                 "the list to be announced")

    def s_client(self, endpoint, version):
        done = subprocess.run(["openssl", "s_client", "-connect", endpoint, "-starttls", "smtp", version, "-cert",
                               str(self.pki.cert("mx.partner.test")), "-key", str(self.pki.key("mx.partner.test"))],
                              input="QUIT\r\n", capture_output=True, text=True, timeout=20)
        return done.stdout


if __name__ == "__main__":
    main()
