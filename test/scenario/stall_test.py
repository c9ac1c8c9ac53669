#!/usr/bin/env python3
"""Scenario 18: a peer that falls silent, in every phase, on both sides."""

import socket
import ssl
import time

from common import CURED_WITHIN, OTHERS_WITHIN, Scenario, main
from kit import wait_for
from kit.gateway import listen
from kit.scripted_peer import STALLS

QUICK = {"connect": "1s", "greeting": "1s", "helo": "1s", "starttls": "1s", "handshake": "1s", "mail": "1s", "rcpt": "1s",
         "data": "1s", "body_block": "1s", "final_dot": "1s", "quit": "1s", "server_command": "2s", "server_body": "2s",
         "server_handshake": "1s"}
# Silence in the handshake is TLS's matter and blocks; all other silence is ordinary trouble.
BLOCKS = {"handshake": "handshake-timeout"}


class Scenario18Stall(Scenario):
    def test_a_server_stalls_in_every_phase(self):
        """Ten partners at once, each silent in another phase. The eleventh, a healthy one, never notices."""
        self.partner = self.peer()
        peers = {phase: self.peer(tls=self.tls("mx.partner.test"), stall=phase) for phase in STALLS}
        name = {phase: phase.lower().replace(" ", "-") for phase in STALLS}
        config = self.config(queue={"probe_min": "1s", "probe_max": "2s", "retry_min": "1s", "retry_max": "2s"}, timeouts=QUICK)
        for phase, peer in peers.items():
            config["send"][name[phase]] = {**config["send"]["partner"], "domains": [f"{name[phase]}.test"],
                                           "hosts": [f"127.0.0.1:{peer.port}"]}
        self.gateway = self.start(config)
        for phase in STALLS:
            for i in (1, 2):
                self.gateway.submit(f"bob@{name[phase]}.test", f"{phase} {i}")
        self.others_flow()
        for phase, peer in peers.items():
            if phase != "connect":
                peer.wait_stalled(phase, 10)

        def told():
            queue = self.gateway.queue()
            blocked = {b["connector"]: b for b in queue["blockers"]}
            waits = {d["connector"]: d for d in queue["destinations"] if d["last_error"]}
            ready = all(name[p] in (blocked if p in BLOCKS else waits) for p in STALLS)
            return ready and (blocked, waits)

        blocked, waits = wait_for(told, "each attempt to end", 20)
        self.assertEqual({c: b["code"] for c, b in blocked.items()}, {name[p]: code for p, code in BLOCKS.items()})
        self.assertIn("silent", blocked["handshake"]["cause"])
        for phase in STALLS:
            if phase not in BLOCKS:
                row = waits[name[phase]]
                self.assertNotEqual(row["code"], "none", row)
                self.assertTrue(row["next_attempt"], row)
        self.others_flow()
        for phase, peer in peers.items():
            self.assertEqual(peer.messages(), [], phase)
        for peer in peers.values():
            peer.set(stall=None)
        end = time.monotonic() + CURED_WITHIN
        for phase, peer in peers.items():
            peer.wait_messages(2, max(0.1, end - time.monotonic()))
        for phase in STALLS:
            for i in (1, 2):
                self.gateway.wait_delivered(f"{phase} {i}", 5)
        for phase, peer in peers.items():
            self.assertEqual(peer.subjects(), [f"{phase} 1", f"{phase} 2"])
        self.others_flow()

    def test_a_client_stalls_in_every_phase(self):
        """Each costs one session that ends by its deadline; others are served meanwhile."""
        self.partner = self.peer()
        endpoint = listen()
        ours = {"chain": str(self.pki.chain("edge.contoso.test")), "key": str(self.pki.key("edge.contoso.test"))}
        self.serve(timeouts=QUICK, certificates={"ours": ours},
                   receive={"internet": {"listen": [endpoint], "tls": "opportunistic", "certificate": "ours",
                                         "accept_domains": ["healthy.test"]}})
        host, port = endpoint.split(":")
        envelope = (b"EHLO silent.test\r\n", b"MAIL FROM:<a@silent.test>\r\n", b"RCPT TO:<carol@healthy.test>\r\n", b"DATA\r\n")
        silent = {phase: socket.create_connection((host, int(port)), timeout=10)
                  for phase in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "body", "handshake", "half a line", "after TLS")}
        for phase, count in (("EHLO", 1), ("MAIL", 2), ("RCPT", 3), ("DATA", 4), ("body", 4)):
            self.converse(silent[phase], envelope[:count])
        silent["body"].sendall(b"Subject: half a message\r\n\r\nand no")
        silent["half a line"].sendall(b"EHLO sil")
        for phase in ("handshake", "after TLS"):
            self.converse(silent[phase], (b"EHLO silent.test\r\n", b"STARTTLS\r\n"))
        context = ssl._create_unverified_context()
        silent["after TLS"] = context.wrap_socket(silent["after TLS"])
        begun = time.monotonic()
        self.others_flow()
        for phase, sock in silent.items():
            self.assertTrue(self.closed(sock), phase)
            sock.close()
        self.assertLess(time.monotonic() - begun, 8)
        wait_for(lambda: self.gateway.status()[1]["receive_sessions"] == 0, "all sessions to end", OTHERS_WITHIN)
        self.others_flow()
        self.assertNotIn("half a message", self.healthy.subjects())

    @staticmethod
    def converse(sock, lines):
        reader = sock.makefile("rb")
        reply = reader.readline()
        for line in lines:
            sock.sendall(line)
            while (reply := reader.readline())[3:4] == b"-":
                pass
        return reply

    @staticmethod
    def closed(sock):
        """The server ended it, with or without a 421, before our own patience does."""
        try:
            while sock.recv(4096):
                pass
            return True
        except TimeoutError:
            return False
        except OSError:
            return True


if __name__ == "__main__":
    main()
