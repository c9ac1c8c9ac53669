#!/usr/bin/env python3
"""The tenant test: a client certificate that many tenants share says nothing about whose mail it is."""

import smtplib

from common import CURED_WITHIN, Scenario, main
from kit import inject
from kit.gateway import listen


class TenantTest(Scenario):
    def setUp(self):
        super().setUp()
        self.partner = self.peer(tls=self.tls("mx.partner.test"))
        self.pki.leaf("shared", "agreed-root", ["mail.protection.outlook.test"])
        self.pki.leaf("other", "agreed-root", ["mail.fabrikam.test"])
        self.endpoint = listen()
        ours = {"chain": str(self.pki.chain("edge.contoso.test")), "key": str(self.pki.key("edge.contoso.test"))}
        self.cloud = {"listen": [self.endpoint], "tls": "opportunistic", "certificate": "ours", "trust": ["agreed"],
                      "client_domains": ["mail.protection.outlook.test"], "relay_for_clients": True,
                      "sender_domains": ["contoso.test"], "accept_domains": ["healthy.test"]}
        self.serve(certificates={"ours": ours}, receive={"cloud": self.cloud})

    def attempt(self, sender, recipient, certificate=None, tls=True):
        """(reply code, text) of the first refusal, or of the end of DATA."""
        leaf = certificate and type("Leaf", (), {"chain": self.pki.chain(certificate), "key": self.pki.key(certificate)})
        context = inject.tls_context(self.pki.cert("agreed-root"), leaf) if tls else None
        host, port = self.endpoint.split(":")
        client = inject.connect(host, int(port), context, "edge.contoso.test", timeout=10)
        try:
            code, text = client.mail(sender)
            if code == 250:
                code, text = client.rcpt(recipient)
            if code == 250:
                code, text = client.data(f"Subject: from {sender}\r\n\r\nHello.\r\n".encode())
            client.quit()
            return code, text.decode()
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code, str(refused.smtp_error)

    def refused(self, *args, **more):
        code, text = self.attempt(*args, **more)
        self.assertEqual(code // 100, 5, text)
        self.assertRegex(text, r"^5\.7\.\d+ ")

    def test_the_shared_certificate_relays_its_own_tenant_s_mail_only(self):
        self.assertEqual(self.attempt("alice@contoso.test", "bob@partner.test", "shared")[0], 250)
        self.partner.wait_messages(1, CURED_WITHIN)
        for foreign in ("mallory@fabrikam.test", "mallory@contoso.test.fabrikam.test", "mallory@notcontoso.test",
                        "mallory@sub.contoso.test", ""):
            with self.subTest(foreign):
                self.refused(foreign, "bob@partner.test", "shared")
        # Mail for our own domains anyone may bring.
        self.assertEqual(self.attempt("mallory@fabrikam.test", "carol@healthy.test", "shared")[0], 250)
        self.healthy.wait_messages(1, CURED_WITHIN)
        self.assertEqual(self.partner.subjects(), ["from alice@contoso.test"])

    def test_nobody_else_relays_with_the_tenant_s_address(self):
        self.pki.root("unknown-root")
        self.pki.leaf("forged", "unknown-root", ["mail.protection.outlook.test"])
        self.refused("alice@contoso.test", "bob@partner.test", tls=False)
        self.refused("alice@contoso.test", "bob@partner.test")
        self.refused("alice@contoso.test", "bob@partner.test", "other")
        self.refused("alice@contoso.test", "bob@partner.test", "forged")
        self.assertEqual(self.partner.messages(), [])

    def test_a_configuration_that_would_allow_it_is_refused(self):
        self.cloud.update(client_domains=["*.protection.outlook.com"])
        del self.cloud["sender_domains"]
        self.gateway.write()
        done = self.gateway.command("config", "check")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout + done.stderr, r"postern\.toml:\d+:\d+: error: .*sender_domains")
        # And the running one is not replaced by it.
        self.gateway.hup()
        self.gateway.wait_log("sender_domains", 10)
        self.assertEqual(self.attempt("alice@contoso.test", "bob@partner.test", "shared")[0], 250)
        self.refused("mallory@fabrikam.test", "bob@partner.test", "shared")


if __name__ == "__main__":
    main()
