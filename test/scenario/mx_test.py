#!/usr/bin/env python3
"""Scenario 19: the hosts of an MX list."""

from common import CURED_WITHIN, Scenario, main
from kit import free_port
from kit.dns import DnsServer
from kit.scripted_peer import ScriptedPeer


class Scenario19TwoMxHosts(Scenario):
    def setUp(self):
        super().setUp()
        # By MX the name asked for is the recipient's domain.
        self.pki.leaf("good", "agreed-root", ["partner.test", "mx2.partner.test"])
        self.pki.leaf("expired", "agreed-root", ["partner.test", "mx1.partner.test"], not_before="-10d", not_after="-1d")
        port = free_port()
        self.first = self.host("mx1.partner.test", "127.0.0.2", port, tls=self.tls("expired"))
        self.second = self.partner = self.host("mx2.partner.test", "127.0.0.3", port, tls=self.tls("good"))
        self.dns = DnsServer({"partner.test": [("MX", 10, "mx1.partner.test"), ("MX", 20, "mx2.partner.test")],
                              "mx1.partner.test": [("A", "127.0.0.2")], "mx2.partner.test": [("A", "127.0.0.3")]})
        self.addCleanup(self.dns.stop)
        self.by_mx = {"hosts": None, "tls_domain": None, "port": port}
        self.server = {"dns": [f"127.0.0.1:{self.dns.port}"]}

    def host(self, name, address, port, **behaviour):
        peer = ScriptedPeer(name, address=address, port=port, **behaviour)
        self.addCleanup(peer.stop)
        return peer

    def test_one_is_broken(self):
        """Mail flows through the other at once, no blocker, and the broken one is reported."""
        self.serve(send=self.by_mx, server=self.server)
        for i in range(3):
            self.gateway.submit("bob@partner.test", f"mail {i}")
        self.second.wait_messages(3, CURED_WITHIN)
        self.assertEqual(self.first.messages(), [])
        self.assertEqual(self.gateway.queue()["blockers"], [])
        self.assertEqual(self.second.subjects(), [f"mail {i}" for i in range(3)])
        self.gateway.wait_log("host.broken", 5)
        report = next(line for line in self.gateway.text().splitlines() if "host.broken" in line)
        for fact in ("mx1.partner.test", "127.0.0.2", "expired"):
            self.assertIn(fact, report)
        self.others_flow()

    def test_one_is_down(self):
        self.first.stop()
        self.serve(send=self.by_mx, server=self.server)
        self.gateway.submit("bob@partner.test", "past the dead one")
        self.second.wait_messages(1, CURED_WITHIN)
        self.assertEqual(self.gateway.queue()["blockers"], [])

    def test_one_stops_in_the_middle_of_a_session(self):
        self.first.set(tls=self.tls("good"), replies={"MAIL": "451 4.3.0 out of order"})
        self.serve(send=self.by_mx, server=self.server)
        self.gateway.submit("bob@partner.test", "on to the next host")
        self.second.wait_messages(1, CURED_WITHIN)

    def test_both_are_broken_and_one_is_cured(self):
        self.second.set(tls=self.tls("expired"))
        self.serve(send=self.by_mx, server=self.server, queue={"probe_min": "1s", "probe_max": "2s"})
        blocker = self.hold("expired", "server", False, reference="partner.test")
        self.assertEqual(blocker["next_hop"], "partner.test")
        self.assertIn("mx", " ".join(blocker["findings"]), "the other host's trouble")
        self.cured(lambda: self.second.set(tls=self.tls("good")))

    def test_cured_in_the_dns(self):
        """The list names only the broken host, until its owner changes it: seen when the TTL (5 s) is over."""
        self.dns.records["partner.test"] = [("MX", 10, "mx1.partner.test")]
        self.serve(send=self.by_mx, server=self.server)
        self.hold("expired", "server", False, reference="partner.test", says=["mx1.partner.test"])
        self.cured(lambda: self.dns.records.update({"partner.test": [("MX", 10, "mx2.partner.test")]}))


if __name__ == "__main__":
    main()
