#!/usr/bin/env python3
"""A broken new configuration or certificate never replaces a good one."""

import re
import socket
import ssl
import time

from common import OTHERS_WITHIN, Scenario, main
from kit import wait_for
from kit.gateway import listen
from kit.pki import install, point


class BrokenConfiguration(Scenario):
    def setUp(self):
        super().setUp()
        self.partner = self.peer(tls=self.tls("mx.partner.test"))
        self.serve()

    def test_what_runs_keeps_running(self):
        good = self.gateway.file.read_text()
        self.assertEqual(self.gateway.status()[0], 0)
        for what, broken, line in (
                ("no TOML", good + "\n[send.oops\n", len(good.split("\n")) + 1),
                ("a bad value", good.replace('tls = "authenticate"', 'tls = "authentcate"', 1), None),
                ("an unknown key", good.replace("[send.partner]", "[send.partner]\ntrsut = []"), None),
                ("a dangling name", good.replace('trust = ["agreed"]', 'trust = ["agred"]', 1), None)):
            with self.subTest(what):
                if line is None:
                    line = next(i for i, (a, b) in enumerate(zip(broken.split("\n"), good.split("\n")), 1) if a != b)
                before = len(self.gateway.text())
                self.gateway.write(broken)
                self.gateway.hup()
                wait_for(lambda: re.search(rf"postern\.toml:{line}:\d+: error", self.gateway.text()[before:]),
                         f"the error of line {line} in the log:\n{self.gateway.text()[before:]}", 10)
                code, status = self.gateway.status()
                self.assertEqual(code, 1)
                self.assertRegex(" ".join(status["problems"]), rf"postern\.toml:{line}:\d+")
                for command in (["status"], ["queue"]):  # they reach what runs, and name the fault
                    said = self.gateway.command(*command)
                    self.assertTrue(said.stdout)
                    self.assertRegex(said.stderr, rf"configuration is broken.*postern\.toml:{line}:\d+: error")
                    self.assertEqual(said.stderr.count("\n"), 1)
                self.assertNotEqual(self.gateway.command("config", "check").returncode, 0)
                self.others_flow()
        self.gateway.write(good)
        self.gateway.hup()
        wait_for(lambda: self.gateway.status()[0] == 0, "all to be well again", 10)
        self.others_flow()

    def test_a_listener_that_cannot_be_had(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.gateway.edit(lambda c: c["receive"].update(
                more={"listen": [f"127.0.0.1:{taken.getsockname()[1]}"], "tls": "none", "relay_from": ["127.0.0.1"]}))
            wait_for(lambda: self.gateway.status()[0] == 1, "the refusal", 10)
            self.others_flow()

    def test_a_good_one_takes_force_without_dropping_a_session(self):
        reader = socket.create_connection(("127.0.0.1", self.gateway.submit_port), timeout=10)
        self.addCleanup(reader.close)
        stream = reader.makefile("rwb", buffering=0)
        self.assertTrue(stream.readline().startswith(b"220"))
        self.gateway.edit(lambda c: c["receive"].update(
            more={"listen": [listen()], "tls": "none", "relay_from": ["127.0.0.1"]}), signal_it=False)
        port = int(self.gateway.config["receive"]["more"]["listen"][0].split(":")[1])
        wait_for(lambda: self.listens(port), "the new listener", 10)
        stream.write(b"NOOP\r\n")
        self.assertTrue(stream.readline().startswith(b"250"))
        self.gateway.edit(lambda c: c["receive"].pop("more"))
        wait_for(lambda: not self.listens(port), "the listener to end", 10)
        stream.write(b"NOOP\r\n")
        self.assertTrue(stream.readline().startswith(b"250"))

    @staticmethod
    def listens(port):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
                return s.recv(3) == b"220"
        except OSError:
            return False


class BrokenCertificate(Scenario):
    def setUp(self):
        super().setUp()
        self.partner = self.peer(tls=self.tls("mx.partner.test"))
        self.pki.leaf("first", "agreed-root", ["edge.contoso.test"])
        self.pki.leaf("second", "agreed-root", ["edge.contoso.test"])
        self.pki.leaf("expired", "agreed-root", ["edge.contoso.test"], not_before="-10d", not_after="-1d")
        self.folder = self.dir / "tls"
        self.chain = install(self.pki.chain("first"), self.folder / "chain.pem")
        self.key = install(self.pki.key("first"), self.folder / "key.pem")
        self.endpoint = listen()
        self.receive = {"internet": {"listen": [self.endpoint], "tls": "required", "certificate": "ours",
                                     "accept_domains": ["healthy.test"]}}

    def run_it(self, chain=None, key=None):
        self.serve(certificates={"ours": {"chain": str(chain or self.chain), "key": str(key or self.key)}}, receive=self.receive)

    def presented(self):
        """The serial number's name: which of our leaves the listener presents now."""
        host, port = self.endpoint.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as sock:
            stream = sock.makefile("rb")
            stream.readline()
            for line in (b"EHLO test\r\n", b"STARTTLS\r\n"):
                sock.sendall(line)
                while stream.readline()[3:4] == b"-":
                    pass
            with ssl._create_unverified_context().wrap_socket(sock) as tls:
                seen = ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True))
        names = [n for n in ("first", "second", "expired") if ssl.PEM_cert_to_DER_cert(self.pki.cert(n).read_text())
                 == ssl.PEM_cert_to_DER_cert(seen)]
        return names[0]

    def wait_presented(self, name, deadline=OTHERS_WITHIN):
        wait_for(lambda: self.presented() == name, f"{name} to be presented", deadline)

    def stays(self, name, seconds=2.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertEqual(self.presented(), name)
            time.sleep(0.2)

    def test_a_mismatch_waits_for_the_second_file(self):
        self.run_it()
        self.wait_presented("first")
        install(self.pki.chain("second"), self.chain)
        self.stays("first")
        install(self.pki.key("second"), self.key)
        self.wait_presented("second")

    def test_an_expired_one_never_replaces_a_usable_one(self):
        self.run_it()
        install(self.pki.key("expired"), self.key)
        install(self.pki.chain("expired"), self.chain)
        self.gateway.wait_log("expired", 10)
        self.stays("first")
        self.assertEqual(self.gateway.status()[0], 1)
        install(self.pki.chain("second"), self.chain)
        install(self.pki.key("second"), self.key)
        self.wait_presented("second")

    def test_an_unreadable_one_never_replaces_a_usable_one(self):
        self.run_it()
        (self.folder / "rubbish").write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
        (self.folder / "rubbish").rename(self.chain)
        wait_for(lambda: self.gateway.status()[0] == 1, "the refusal", 10)
        self.stays("first")
        self.chain.unlink()
        self.stays("first")
        install(self.pki.key("second"), self.key)
        install(self.pki.chain("second"), self.chain)
        self.wait_presented("second")

    def test_symbolic_links_that_turn_count(self):
        for name in ("first", "second"):
            install(self.pki.chain(name), self.folder / name / "chain.pem")
            install(self.pki.key(name), self.folder / name / "key.pem")
        live = point(self.folder / "live", "first")
        self.run_it(live / "chain.pem", live / "key.pem")
        self.wait_presented("first")
        point(live, "second")
        self.wait_presented("second")


if __name__ == "__main__":
    main()
