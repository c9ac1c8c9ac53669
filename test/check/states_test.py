#!/usr/bin/env python3
"""check in the states of the gateway's scenarios 1 to 19: code, fault and counter-tests.

Cells that a server seen from outside cannot show: 2 and 3 on the client's side, 5 (an exception is the gateway's own),
13 towards a sender without TLS (check always uses it), and 8's clock that is cured by time alone.
"""

import ssl
import unittest

from common import CheckCase
from kit.dns import DnsServer

TLS12 = {"maximum": ssl.TLSVersion.TLSv1_2}


class States(CheckCase):
    def test_sound(self):
        peer = self.peer(tls=self.tls())
        report = self.check_peer(peer)
        self.assert_verdict(report, "none", "none")
        host = report["hosts"][0]
        self.assertEqual((host["host"], host["address"], host["port"]), ("127.0.0.1", "127.0.0.1", peer.port))
        self.assertEqual(host["tls"]["version"], "TLSv1.3")
        self.assertEqual(host["chain"][0]["names"], ["mx.partner.test"])
        self.assertIn("STARTTLS", host["keywords"])
        self.assertTrue(host["clear_text"]["mail_from"].startswith("250"))
        self.assertEqual({v["view"] for v in host["views"]}, {"tls1.2", "legacy"})
        self.assertEqual(report["counter_tests"], [])
        self.assertEqual({s["as"]: s["ok"] for s in report["senders"]}["opportunistic"], True)
        self.assertEqual(peer.messages(), [])

    def test_01_root_in_a_set_that_does_not_count(self):
        self.pki.root("other-root", cn="Other Root").leaf("other", "other-root", ["mx.partner.test"])
        peer = self.peer(tls=self.tls("other"))
        (self.dir / "postern.toml").write_text(f"""
[server]
hostname = "edge.contoso.test"
store = "sqlite:{self.dir}/postern.db"
[trust.agreed]
files = ["{self.pki.cert('root')}"]
[trust.shelf]
files = ["{self.pki.cert('other-root')}"]
[send.partner]
domains = ["partner.test"]
hosts = ["127.0.0.1:{peer.port}"]
tls = "authenticate"
tls_domain = "mx.partner.test"
trust = ["agreed"]
[admin]
listen = "unix:{self.dir}/postern.sock"
""")
        report = self.check("partner.test", trust=False, name=None)
        self.assertEqual(report["as"], "postern")
        self.assert_verdict(report, "root-in-wrong-store", "client")
        self.assertIs(report["verdict"]["ours"], True)
        self.assertIn(("clean", "with trust set shelf alone: trusted by CN=Other Root"),
                      self.answers(report, "other-trust-set"))

    def test_02_04_the_name_is_another(self):
        self.pki.leaf("wrong", "root", ["mail.contoso.test"])
        peer = self.peer(tls=self.tls("wrong"))
        report = self.check_peer(peer)
        self.assert_verdict(report, "name-mismatch", "server")
        [(result, answer)] = self.answers(report, "other-names")
        self.assertEqual(result, "same")
        self.assertIn("mail.contoso.test", answer)
        self.assertIs(self.check_peer(peer, "--mine")["verdict"]["ours"], True)
        self.assertIs(report["verdict"]["ours"], False)

    def test_04_the_common_name_counts_for_exchange_and_postfix_alone(self):
        self.pki.make({"id": "cn-only", "kind": "leaf", "issuer": "root", "cn": "mx.partner.test", "dns": []})
        peer = self.peer(tls=self.tls("cn-only"))
        self.assert_verdict(self.check_peer(peer, "--as", "postern"), "name-mismatch", "server")
        self.assertTrue(self.check_peer(peer, "--as", "postfix-verify")["verdict"]["ok"])

    def test_06_leaf_without_intermediate(self):
        self.pki.make({"id": "issuing", "kind": "ca", "issuer": "root", "cn": "Issuing CA"})
        self.pki.leaf("deep", "issuing", ["mx.partner.test"])
        alone = self.dir / "alone.pem"
        alone.write_text(self.pki.cert("deep").read_text())
        tls = self.tls("deep")
        tls.chain = alone
        report = self.check_peer(self.peer(tls=tls))
        self.assert_verdict(report, "incomplete-chain", "server")

    def test_07_expired(self):
        self.pki.leaf("old", "root", ["mx.partner.test"], not_before="-90d", not_after="-1d")
        self.assert_verdict(self.check_peer(self.peer(tls=self.tls("old"))), "expired", "server")

    def test_07_expires_soon_is_a_finding(self):
        self.pki.leaf("soon", "root", ["mx.partner.test"], not_after="+10d")
        report = self.check_peer(self.peer(tls=self.tls("soon")))
        self.assertTrue(report["verdict"]["ok"])
        self.assertEqual((report["severity"], report["exit"]), ("warning", 1))
        self.assertEqual([f["code"] for f in report["findings"] if f["severity"] == "warning"], ["expiring"])

    def test_08_not_yet_valid(self):
        self.pki.leaf("young", "root", ["mx.partner.test"], not_before="+1d", not_after="+90d")
        self.assert_verdict(self.check_peer(self.peer(tls=self.tls("young"))), "not-yet-valid", "server")

    def test_09_not_offered(self):
        report = self.check_peer(self.peer(tls=None))
        self.assert_verdict(report, "starttls-not-offered", "server")
        [(result, answer)] = self.answers(report, "starttls-unasked")
        self.assertEqual(result, "same")
        self.assertIn("500 5.5.1", answer)

    def test_10_masked_on_the_way(self):
        report = self.check_peer(self.peer(tls=self.tls(), masked=True))
        self.assert_verdict(report, "starttls-stripped-by-middlebox", "path")
        self.assertIn("device-on-the-way", [f["code"] for f in report["findings"]])

    def test_10_taken_out_without_a_trace_shows_when_it_is_said_all_the_same(self):
        report = self.check_peer(self.peer(tls=self.tls(), hide_starttls=True))
        self.assert_verdict(report, "starttls-stripped-by-middlebox", "path")
        self.assertEqual(self.answers(report, "starttls-unasked")[0][0], "differs")
        self.assertEqual(report["hosts"][0]["judged_code"], "starttls-not-offered")

    def test_11_refused(self):
        peer = self.peer(tls=self.tls(), starttls_reply="454 4.7.0 TLS not available")
        self.assert_verdict(self.check_peer(peer), "starttls-rejected", "server")

    def test_12_helo_only(self):
        self.assert_verdict(self.check_peer(self.peer(ehlo=None)), "starttls-not-offered", "server")

    def test_13_tls_demanded(self):
        peer = self.peer(tls=self.tls(), demand_tls="530 5.7.0 Must issue a STARTTLS command first")
        report = self.check_peer(peer)
        self.assert_verdict(report, "none", "none")
        self.assertTrue(report["hosts"][0]["clear_text"]["mail_from"].startswith("530"))
        self.assertNotIn("takes-mail-without-tls", [f["code"] for f in report["findings"]])

    def test_14_client_certificate(self):
        ask = {"client_ca": self.pki.cert("root"), "require": True}
        self.pki.leaf("us", "root", ["edge.contoso.test"])
        self.pki.root("strange-root").leaf("stranger", "strange-root", ["edge.contoso.test"])
        peer = self.peer(tls=self.tls(**ask))
        mutual = lambda who: ("--client-cert", self.pki.chain(who), "--client-key", self.pki.key(who))  # noqa: E731
        report = self.check_peer(peer)
        self.assert_verdict(report, "client-certificate-missing", "client")
        self.assert_verdict(self.check_peer(peer, *mutual("us")), "none", "none")
        report = self.check_peer(peer, *mutual("stranger"))
        self.assert_verdict(report, "client-certificate-not-accepted", "client")
        self.assertTrue(self.answers(report, "without-client-certificate"))
        self.assert_verdict(self.check_peer(self.peer(tls=self.tls()), *mutual("us")),
                            "client-certificate-not-requested", "server")

    def test_15_self_signed(self):
        self.pki.leaf("self", None, ["mx.partner.test"])
        report = self.check_peer(self.peer(tls=self.tls("self")))
        self.assert_verdict(report, "self-signed", "server")

    def test_16_tls_1_0_alone_is_diagnosed(self):
        old = {"minimum": ssl.TLSVersion.TLSv1, "maximum": ssl.TLSVersion.TLSv1}
        report = self.check_peer(self.peer(tls=self.tls(**old)))
        self.assert_verdict(report, "protocol-version-mismatch", "server")
        self.assertIn("TLSv1 ", report["verdict"]["cause"])
        self.assertEqual(self.answers(report, "legacy")[0][0], "differs")
        self.assertIn("only-old-tls", [f["code"] for f in report["findings"]])
        legacy = [v for v in report["hosts"][0]["views"] if v["view"] == "legacy"][0]
        self.assertEqual((legacy["version"], legacy["names"]), ("TLSv1", ["mx.partner.test"]))

    def test_17_a_long_list_of_cas(self):
        names = 400
        self.pki.make(*({"id": f"public-{i}", "kind": "ca", "cn": f"Public Certification Authority Number {i}",
                         "o": "Trust Services International"} for i in range(names)))
        listed = self.dir / "400.pem"
        listed.write_text("".join(self.pki.cert(f"public-{i}").read_text() for i in range(names)))
        report = self.check_peer(self.peer(tls=self.tls(client_ca=self.pki.cert("root"), announce=listed)))
        self.assertTrue(report["verdict"]["ok"])
        self.assertEqual(report["hosts"][0]["tls"]["ca_names"], names)
        self.assertEqual([f["code"] for f in report["findings"] if f["severity"] == "critical"], ["ca-list-too-long"])

    def test_18_silence_ends_in_time(self):
        for where, code in (("greeting", "smtp-timeout"), ("EHLO", "smtp-timeout"), ("handshake", "handshake-timeout")):
            with self.subTest(where):
                report = self.check_peer(self.peer(tls=self.tls(), stall=where), time="2s")
                self.assertEqual(report["verdict"]["code"], code)
                self.assertLess(report["took_ms"], 4000)

    def zone(self, **hosts):
        """partner.test with MX hosts mx1, mx2, ... at these addresses."""
        records = {"partner.test": [("MX", 10 * i, f"{host}.partner.test") for i, host in enumerate(hosts, 1)]}
        for host, addresses in hosts.items():
            records[f"{host}.partner.test"] = [("AAAA" if ":" in a else "A", a) for a in addresses]
        zone = DnsServer(records)
        self.addCleanup(zone.stop)
        return zone

    def domain(self, peers, *arguments, **more):
        zone = self.zone(**{host: [p.address for p in each] for host, each in peers.items()})
        port = next(iter(peers.values()))[0].port
        return self.check("partner.test", "--dns", f"127.0.0.1:{zone.port}", "--port", port, *arguments, name=None, **more)

    def test_19_one_of_three_mx_has_the_wrong_certificate(self):
        for host in ("mx1", "mx2", "mx3"):
            self.pki.leaf(host, "root", [f"{host}.partner.test"])
        self.pki.leaf("stale", "root", ["old.partner.test"])
        first = self.peer("mx1", tls=self.tls("mx1"))
        second = self.peer("mx2", address="127.0.0.2", port=first.port, tls=self.tls("stale"))
        third = self.peer("mx3", address="127.0.0.3", port=first.port, tls=self.tls("mx3"))
        report = self.domain({"mx1": [first], "mx2": [second], "mx3": [third]})
        self.assertTrue(report["verdict"]["ok"])
        self.assertEqual([h["verdict"]["code"] for h in report["hosts"]], ["none", "name-mismatch", "none"])
        self.assertEqual((report["severity"], report["exit"]), ("warning", 1))
        told = [d["text"] for d in report["differences"] if d["fact"] == "certificate"]
        self.assertIn("1 of 3", told[0])
        self.assertIn("mx2.partner.test", told[0])
        self.assertIn("clean", [r for r, _ in self.answers(report, "other-mx")])

    def test_19_all_are_broken(self):
        first = self.peer("mx1", tls=None)
        second = self.peer("mx2", address="127.0.0.2", port=first.port, tls=None)
        report = self.domain({"mx1": [first], "mx2": [second]})
        self.assert_verdict(report, "starttls-not-offered", "server")
        self.assertEqual([r for r, _ in self.answers(report, "other-mx")], ["same", "same"])

    def test_19_one_address_of_a_host_was_missed(self):
        self.pki.leaf("mx1", "root", ["mx1.partner.test"])
        self.pki.leaf("gone", "root", ["mx1.partner.test"], not_before="-90d", not_after="-1d")
        first = self.peer("mx1", tls=self.tls("mx1"))
        second = self.peer("mx1", address="127.0.0.2", port=first.port, tls=self.tls("gone"))
        report = self.domain({"mx1": [first, second]})
        broken = [h for h in report["hosts"] if h["address"] == "127.0.0.2"][0]
        self.assertEqual(broken["verdict"]["code"], "expired")
        self.assertIn("this node was missed", broken["verdict"]["cause"])

    def test_19_the_ipv6_address_alone_was_missed(self):
        self.pki.leaf("mx1", "root", ["mx1.partner.test"])
        self.pki.leaf("gone", "root", ["mx1.partner.test"], not_before="-90d", not_after="-1d")
        first = self.peer("mx1", tls=self.tls("mx1"))
        second = self.peer("mx1", address="::1", port=first.port, tls=self.tls("gone"))
        report = self.domain({"mx1": [first, second]})
        broken = [h for h in report["hosts"] if h["address"] == "::1"][0]
        self.assertEqual(broken["verdict"]["code"], "expired")
        self.assertIn("Another address of the same host presents a right one", broken["verdict"]["cause"])
        self.assertIn("1 of 2 addresses", [d["text"] for d in report["differences"] if d["fact"] == "verdict"][0])

    def test_an_mx_host_without_address_is_named(self):
        self.pki.leaf("mx1", "root", ["mx1.partner.test"])
        first = self.peer("mx1", tls=self.tls("mx1"))
        zone = self.zone(mx1=["127.0.0.1"], mx2=[])
        report = self.check("partner.test", "--dns", f"127.0.0.1:{zone.port}", "--port", first.port, name=None)
        self.assertTrue(report["verdict"]["ok"])
        self.assertEqual([(f["code"], f["hosts"]) for f in report["findings"] if f["severity"] == "warning"],
                         [("dns-resolution-failure", ["mx2.partner.test"])])

    def test_implicit_tls_on_a_starttls_port_and_the_other_way_round(self):
        report = self.check_peer(self.peer(tls=self.tls(), implicit=True), time="4s")
        self.assert_verdict(report, "wrong-tls-mode-for-port", "server")
        self.assert_verdict(self.check_peer(self.peer(tls=self.tls(), implicit=True), "--implicit-tls"), "none", "none")
        report = self.check_peer(self.peer(tls=self.tls()), "--implicit-tls", time="4s")
        self.assert_verdict(report, "wrong-tls-mode-for-port", "server")

    def test_a_blocklist_is_told_and_another_address_is_tried(self):
        peer = self.peer(tls=self.tls(), greeting="554 5.7.1 client blocked using zen.spamhaus.org",
                         only_for="127.0.0.1")
        report = self.check_peer(peer, "--another-source", "127.0.0.9")
        self.assert_verdict(report, "ip-blocklisted", "client")
        self.assertEqual(self.answers(report, "other-source")[0][0], "clean")

    def test_refused_connections(self):
        peer = self.peer()
        peer.stop()
        self.assert_verdict(self.check_peer(peer), "connection-refused", "server")


if __name__ == "__main__":
    unittest.main(verbosity=2)
