#!/usr/bin/env python3
"""A domain with several hosts takes about as long as one of them: everything goes side by side."""

import unittest

from common import CheckCase
from kit.dns import DnsServer

HOSTS = 4
STEP = 0.15  # seconds that each server thinks before each step
STEPS = ("greeting", "EHLO", "STARTTLS", "second EHLO")


class Domain(CheckCase):
    def took(self, count):
        """Milliseconds of a whole check of a domain with so many slow hosts, and its report."""
        port, records = None, {"partner.test": []}
        for i in range(1, count + 1):
            name, address = f"mx{i}.partner.test", f"127.0.0.{i}"
            peer = self.peer(name, address=address, **({"port": port} if port else {}), tls=self.tls(f"mx{i}"),
                             pause={step: STEP for step in STEPS})
            port = peer.port
            records["partner.test"].append(("MX", 10 * i, name))
            records[name] = [("A", address)]
        zone = DnsServer(records)
        self.addCleanup(zone.stop)
        report = self.check("partner.test", "--dns", f"127.0.0.1:{zone.port}", "--port", port, name=None, time="20s")
        self.assertEqual([h["verdict"]["code"] for h in report["hosts"]], ["none"] * count)
        self.assertTrue(all(len(h["views"]) >= 4 for h in report["hosts"]), "a full look, not a quick one")
        return report["took_ms"]

    def test_four_hosts_take_one_round(self):
        for i in range(1, HOSTS + 1):
            self.pki.leaf(f"mx{i}", "root", [f"mx{i}.partner.test"])
        one, all_of_them = self.took(1), self.took(HOSTS)
        print(f"one host {one} ms, {HOSTS} hosts {all_of_them} ms, of which {len(STEPS) * STEP * 1000:.0f} ms are the servers' own")
        self.assertLess(all_of_them, one + 1000 * STEP * len(STEPS), "not so much as a second round of handshakes")


if __name__ == "__main__":
    unittest.main(verbosity=2)
