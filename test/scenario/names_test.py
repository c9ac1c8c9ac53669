#!/usr/bin/env python3
"""Scenarios 2, 3, 4: which certificate, and which of its names?"""


from common import PEER_CURES, Scenario, main
from kit import wait_for
from kit.gateway import listen
from kit.pki import install


class Drop:
    """The partner is a second gateway that delivers into a folder; this reads it like a ScriptedPeer."""

    port = 0  # Scenario.config names self.partner's port; who starts a second gateway names its endpoint

    def __init__(self, folder):
        self.folder = folder

    def subjects(self):
        files = sorted(self.folder.glob("*.eml"), key=lambda f: (f.stat().st_mtime_ns, f.name))
        return [line[9:] for f in files for line in f.read_bytes().decode().split("\r\n") if line.startswith("Subject: ")]

    def wait_messages(self, count, deadline):
        wait_for(lambda: len(self.subjects()) >= count, f"{count} messages in {self.folder}", deadline)


class TwoGateways(Scenario):
    """Ours sends to a partner who runs Postern too."""

    def start_partner(self, receive, **sections):
        self.endpoint = listen()
        config = {"server": {"hostname": "mail.partner.test"},
                  "trust": {"agreed": {"files": [str(self.pki.cert("agreed-root"))]}},
                  "receive": {"inbound": {"listen": [self.endpoint], "accept_domains": ["partner.test"], "trust": ["agreed"],
                                          **receive}},
                  "send": {"local": {"domains": ["partner.test"], "drop": "drop"}}, **sections}
        self.theirs = self.start(config, "partner")
        self.partner = Drop(self.theirs.dir / "drop")

    def certificate(self, name):
        return {"chain": str(self.pki.chain(name)), "key": str(self.pki.key(name))}


class Scenario02WrongCertificateSelected(TwoGateways):
    def test_server_side_the_receive_connector_names_none(self):
        self.pki.leaf("internal", "agreed-root", ["edge1.internal.partner.test"])
        self.start_partner({"tls": "required", "fqdn": "edge1.internal.partner.test"},
                           certificates={"internal": self.certificate("internal"),
                                         "public": self.certificate("mx.partner.test")})
        self.serve(queue=PEER_CURES, send={"hosts": [self.endpoint]})
        self.hold("name-mismatch", "server", False, says=["edge1.internal.partner.test", "mx.partner.test", "tls_domain"],
                  last_error="454 4.7.5 Certificate validation failure: name-mismatch")
        # The partner's operator asks which one is presented and why not the other.
        which = self.theirs.run("cert", "which", "--connector", "inbound")
        self.assertIn("internal", which)
        self.assertIn("no name of it is edge1.internal.partner.test", which)
        self.cured(lambda: self.theirs.edit(lambda c: c["receive"]["inbound"].update(certificate="public")))

    def test_client_side_the_send_connector_names_none(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test", client_ca=self.pki.cert("agreed-root"), require=True))
        self.serve(certificates={"ours": self.certificate("edge.contoso.test")})
        self.hold("client-certificate-missing", "client", True, says=["certificate", "partner"])
        which = self.gateway.run("cert", "which", "--connector", "partner")
        self.assertIn("the connector names no certificate", which)
        self.cured(lambda: self.gateway.edit(lambda c: c["send"]["partner"].update(certificate="ours")))
        self.assertTrue(all(m.connection.client_certificate for m in self.partner.messages()))


class Scenario03PinOfARenewedCertificate(TwoGateways):
    def setUp(self):
        super().setUp()
        self.pki.root("second-root", cn="Second Agreed Root")
        self.pki.leaf("old", "agreed-root", ["edge.contoso.test"], cn="edge.contoso.test", o="Contoso")
        self.pki.leaf("same-names", "agreed-root", ["edge.contoso.test"], cn="edge.contoso.test", o="Contoso")
        self.pki.leaf("new", "second-root", ["edge.contoso.test"], cn="edge.contoso.test", o="Contoso")
        both = self.dir / "both.pem"
        both.write_text(self.pki.cert("agreed-root").read_text() + self.pki.cert("second-root").read_text())
        self.partner = self.peer(tls=self.tls("mx.partner.test", client_ca=both, require=True))
        ours = self.dir / "ours"
        self.chain = install(self.pki.chain("old"), ours / "chain.pem")
        self.key = install(self.pki.key("old"), ours / "key.pem")
        self.pin = self.pki.facts["old"]["exchange_name"]
        self.serve(send={"tls": "mutual", "certificate": self.pin},
                   certificates={"ours": {"chain": str(self.chain), "key": str(self.key)}})

    def renew(self, name):
        install(self.pki.key(name), self.key)
        install(self.pki.chain(name), self.chain)

    def test_renewed_by_another_issuer(self):
        self.renew("new")
        self.wait_loaded("new")
        self.hold("tlscertificatename-stale", "client", True, says=[self.pin],
                  last_error="454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found")
        self.cured(lambda: self.gateway.edit(
            lambda c: c["send"]["partner"].update(certificate=self.pki.facts["new"]["exchange_name"])))

    def test_renewed_with_the_same_issuer_and_subject_the_pin_holds(self):
        self.gateway.submit("bob@partner.test", "before")
        first = self.partner.wait_messages(1)[0].connection.client_certificate
        self.renew("same-names")
        self.wait_loaded("same-names")
        self.gateway.submit("bob@partner.test", "after")
        second = self.partner.wait_messages(2)[1].connection.client_certificate
        self.assertNotEqual(first, second)
        self.assertEqual(self.gateway.queue()["blockers"], [])

    def wait_loaded(self, name):
        wanted = self.pki.facts[name]["thumbprint"].lower()
        # Whatever its status: this gateway need not trust the CA of its own certificate.
        wait_for(lambda: wanted in self.gateway.command("cert", "list", "--json").stdout.lower(), f"{name} to be loaded")


class Scenario04SanAgainstCn(TwoGateways):
    """RFC 9525: names stand in the SAN; the CN is a label. In both directions of mutual TLS."""

    def setUp(self):
        super().setUp()
        self.pki.leaf("san-fits", "agreed-root", ["mx.partner.test"], cn="old-name.partner.test")
        self.pki.leaf("cn-fits", "agreed-root", ["other.partner.test"], cn="mx.partner.test")
        self.pki.leaf("client-san-fits", "agreed-root", ["edge.contoso.test"], cn="old-name.contoso.test")
        self.pki.leaf("client-cn-fits", "agreed-root", ["other.contoso.test"], cn="edge.contoso.test")

    def test_the_server_s_certificate(self):
        self.partner = self.peer(tls=self.tls("cn-fits", client_ca=self.pki.cert("agreed-root"), require=True))
        self.serve(queue=PEER_CURES, send={"tls": "mutual", "certificate": "ours"},
                   certificates={"ours": self.certificate("client-san-fits")})
        self.hold("name-mismatch", "server", False, says=["other.partner.test", "mx.partner.test"])
        self.cured(lambda: self.partner.set(tls=self.tls("san-fits", client_ca=self.pki.cert("agreed-root"), require=True)))

    def test_the_client_s_certificate(self):
        self.start_partner({"tls": "mutual", "client_domains": ["edge.contoso.test"], "certificate": "theirs",
                            "fqdn": "mx.partner.test"}, certificates={"theirs": self.certificate("san-fits")})
        ours = self.dir / "ours"
        chain = install(self.pki.chain("client-cn-fits"), ours / "chain.pem")
        key = install(self.pki.key("client-cn-fits"), ours / "key.pem")
        self.serve(send={"hosts": [self.endpoint], "tls": "mutual", "certificate": "ours"},
                   certificates={"ours": {"chain": str(chain), "key": str(key)}})

        self.hold("client-certificate-not-accepted", "client", True, says=["name-mismatch", "(ours)"])

        def cure():
            install(self.pki.key("client-san-fits"), key)
            install(self.pki.chain("client-san-fits"), chain)

        self.cured(cure)


if __name__ == "__main__":
    main()
