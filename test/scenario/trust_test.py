#!/usr/bin/env python3
"""Scenarios 1, 5, 6, 15: whom do we trust?"""

import datetime
import time

from common import PEER_CURES, Scenario, main
from kit.pki import install

PRIVATE = {"id": "private-root", "kind": "ca", "cn": "Fabrikam Private Root"}
# With its root in the chain, as private CAs' servers send it: without, nobody could tell it from a missing intermediate.
LEAF = {"id": "private-leaf", "kind": "leaf", "issuer": "private-root", "dns": ["mx.partner.test"],
        "chain": ["private-leaf", "private-root"]}


class Scenario01RootInWrongSet(Scenario):
    """The root stands in a trust set that the connector does not name: Exchange's RootCAType Registry."""

    def setUp(self):
        super().setUp()
        self.pki.make(PRIVATE, LEAF)
        self.partner = self.peer(tls=self.tls("private-leaf"))
        self.roots = self.dir / "roots"
        install(self.pki.cert("agreed-root"), self.roots / "agreed.pem")
        self.serve(send={"trust": ["counts"]}, trust={"counts": {"files": [f"{self.roots}/*.pem"]},
                                                      "elsewhere": {"files": [str(self.pki.cert("private-root"))]}})
        blocker = self.hold("root-in-wrong-store", "client", True, reference="mx.partner.test",
                            says=["Fabrikam Private Root", "elsewhere", "counts"],
                            last_error="454 4.7.5 Certificate validation failure")
        self.assertIsNone(blocker["verdict"].get("anchor"))

    def test_cured_by_naming_the_set(self):
        self.cured(lambda: self.gateway.edit(lambda c: c["send"]["partner"].update(trust=["counts", "elsewhere"]),
                                             signal_it=False))
        self.secured()

    def test_cured_by_putting_the_root_where_it_counts(self):
        self.cured(lambda: install(self.pki.cert("private-root"), self.roots / "fabrikam.pem"))
        self.secured()


class Scenario05DomainSecurity(Scenario):
    """A partner under domain security renews below a private root: an exception ends by itself."""

    def setUp(self):
        super().setUp()
        self.pki.make(PRIVATE, LEAF)
        ask = {"client_ca": self.pki.cert("agreed-root"), "require": True}
        self.partner = self.peer(tls=self.tls("private-leaf", **ask))
        ours = {"chain": str(self.pki.chain("edge.contoso.test")), "key": str(self.pki.key("edge.contoso.test"))}
        self.serve(send={"tls": "opportunistic", "tls_domain": None, "certificate": "ours"}, certificates={"ours": ours},
                   partner={"fabrikam": {"domains": ["partner.test"], "send": "mutual", "names": ["mx.partner.test"],
                                         "trust": ["agreed"]}})
        self.fabrikam = self.gateway.config["partner"]["fabrikam"]

    def test_exception_and_its_end(self):
        blocker = self.hold("untrusted-root", "server", False, says=["Fabrikam Private Root", "agreed"])
        self.assertEqual(blocker["policy"], "partner:fabrikam")
        ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=6)
        accept = {"accept": "untrusted-root", "until": ends, "by": "ops", "why": "CR 4711"}
        self.cured(lambda: self.gateway.edit(lambda c: self.fabrikam.update(exception=accept)))
        self.secured()
        # Every delivery under it says so.
        self.assertEqual(self.receipt("afterwards")["by_exception"], "untrusted-root")
        # Its end: the same mail waits again, without a word from anyone.
        time.sleep(max(0.0, (ends - datetime.datetime.now(datetime.timezone.utc)).total_seconds() + 1))
        before = len(self.partner.messages())
        late = self.gateway.submit("bob@partner.test", "after the exception")
        self.gateway.wait_blocker("partner", "untrusted-root", messages=1)
        self.others_flow()
        self.assertEqual(len(self.partner.messages()), before)
        # The cure proper.
        self.gateway.edit(lambda c: c["trust"]["agreed"]["files"].append(str(self.pki.cert("private-root"))))
        self.gateway.wait_delivered(late, 10)
        self.assertEqual(len(self.partner.messages()), before + 1)

    def test_exception_accepts_nothing_else(self):
        self.pki.make({**LEAF, "id": "foreign-leaf", "dns": ["mx.elsewhere.test"], "chain": ["foreign-leaf", "private-root"]})
        ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        accept = {"accept": "untrusted-root", "until": ends, "by": "ops", "why": "CR 4711"}
        self.gateway.edit(lambda c: self.fabrikam.update(exception=accept))
        self.gateway.submit("bob@partner.test", "under the exception")
        self.partner.wait_messages(1)
        self.partner.set(tls=self.tls("foreign-leaf", client_ca=self.pki.cert("agreed-root"), require=True))
        time.sleep(2.5)  # the open session ends
        self.gateway.submit("bob@partner.test", "another cause")
        blocker = self.gateway.wait_blocker("partner", "name-mismatch")
        self.assertIn("mx.elsewhere.test", blocker["cause"])
        self.assertEqual(len(self.partner.messages()), 1)


class Scenario06LeafWithoutIntermediate(Scenario):
    def setUp(self):
        super().setUp()
        self.pki.make({"id": "issuing", "kind": "ca", "cn": "Agreed Issuing CA", "issuer": "agreed-root"},
                      {"id": "alone", "kind": "leaf", "issuer": "issuing", "dns": ["mx.partner.test"], "leaf_only": True},
                      {"id": "full", "kind": "leaf", "issuer": "issuing", "dns": ["mx.partner.test"]})

    def test_the_server_sends_it_alone(self):
        self.partner = self.peer(tls=self.tls("alone"))
        self.serve(queue=PEER_CURES)
        self.hold("incomplete-chain", "server", False, says=["Agreed Issuing CA"],
                  last_error="454 4.7.5 Certificate validation failure: incomplete-chain")
        self.cured(lambda: self.partner.set(tls=self.tls("full")))

    def test_relief_here_the_intermediate_in_a_set_that_counts(self):
        self.partner = self.peer(tls=self.tls("alone"))
        self.serve()
        self.hold("incomplete-chain", "server", False)
        self.cured(lambda: self.gateway.edit(lambda c: c["trust"]["agreed"]["files"].append(str(self.pki.cert("issuing")))))

    def test_we_send_ours_alone(self):
        ours = self.dir / "ours"
        chain, key = install(self.pki.chain("alone"), ours / "chain.pem"), install(self.pki.key("alone"), ours / "key.pem")
        self.partner = self.peer(tls=self.tls("mx.partner.test", client_ca=self.pki.cert("agreed-root"), require=True))
        self.serve(send={"tls": "mutual", "certificate": "ours"}, certificates={"ours": {"chain": str(chain), "key": str(key)}})
        self.hold("client-certificate-not-accepted", "client", True)

        def cure():
            install(self.pki.key("full"), key)
            install(self.pki.chain("full"), chain)

        self.cured(cure)
        self.assertTrue(all(m.connection.client_certificate for m in self.partner.messages()))


class Scenario15SelfSigned(Scenario):
    def setUp(self):
        super().setUp()
        self.pki.leaf("default", None, ["mx.partner.test"])
        self.partner = self.peer(tls=self.tls("default"))

    def test_cured_there_by_a_certificate_of_a_ca(self):
        self.serve(queue=PEER_CURES)
        self.hold("self-signed", "server", False, says=["agreed"],
                  last_error="454 4.7.5 Certificate validation failure: self-signed")
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test")))

    def test_cured_here_by_trusting_exactly_this_one(self):
        self.serve()
        self.hold("self-signed", "server", False)
        self.cured(lambda: self.gateway.edit(lambda c: c["trust"]["agreed"]["files"].append(str(self.pki.cert("default")))))


if __name__ == "__main__":
    main()
