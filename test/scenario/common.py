"""What all scenarios share: one gateway between an application and two partners, one of them broken.

    application --> [receive.apps] gateway [send.partner] --> self.partner  (partner.test, broken by the scenario)
                                           [send.healthy] --> self.healthy  (healthy.test, never to notice)

A scenario is the same story each time: hold() sends mail, waits for the one blocker and checks every word that
an administrator relies on; cured() does what he would do and sees the mail go by itself, in order, once.
"""

import pathlib
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit.gateway import Gateway, listen  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.scripted_peer import ScriptedPeer, Tls  # noqa: E402

CURED_WITHIN = 10.0  # seconds, by the issue: from the cure to the last waiting message delivered
PEER_CURES = {"probe_min": "1s", "probe_max": "2s"}  # [queue] where the cure is the peer's
OTHERS_WITHIN = 5.0  # a healthy destination's mail, whatever else is broken


class Scenario(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ps-"))
        self.addCleanup(self._leave)
        self.gateways = []
        self.pki = Pki(self.dir / "pki")
        self.pki.make({"id": "agreed-root", "kind": "ca", "cn": "Agreed Root"},
                      {"id": "mx.healthy.test", "kind": "leaf", "issuer": "agreed-root", "dns": ["mx.healthy.test"]},
                      {"id": "mx.partner.test", "kind": "leaf", "issuer": "agreed-root", "dns": ["mx.partner.test"]},
                      {"id": "edge.contoso.test", "kind": "leaf", "issuer": "agreed-root", "dns": ["edge.contoso.test"]})
        self.healthy = self.peer("mx.healthy.test", tls=self.tls("mx.healthy.test"))
        self._healthy_count = 0

    def _leave(self):
        for gateway in self.gateways:
            if gateway.process and gateway.process.poll() is None:
                gateway.kill()
        result = self._outcome.result
        failed = any(test is self or getattr(test, "test_case", None) is self
                     for test, _ in result.failures + result.errors)
        failed = failed or not self._outcome.success
        if failed:
            for gateway in self.gateways:
                print(f"--- {gateway.file}\n{gateway.file.read_text()}--- what it said\n{gateway.tail(80)}", flush=True)
            print(f"--- left in {self.dir}", flush=True)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    # -- the parts --

    def tls(self, name, **more):
        return Tls(self.pki.chain(name), self.pki.key(name), **more)

    def peer(self, name="mx.partner.test", **behaviour):
        peer = ScriptedPeer(name, **behaviour)
        self.addCleanup(peer.stop)
        return peer

    def config(self, send=None, queue=None, **sections):
        """The usual configuration; `send`: changes to [send.partner], `sections`: further ones."""
        partner = {"domains": ["partner.test"], "hosts": [f"127.0.0.1:{self.partner.port}"], "tls": "authenticate",
                   "tls_domain": "mx.partner.test", "trust": ["agreed"], **(send or {})}
        healthy = {"domains": ["healthy.test"], "hosts": [f"127.0.0.1:{self.healthy.port}"], "tls": "authenticate",
                   "tls_domain": "mx.healthy.test", "trust": ["agreed"]}
        config = {"server": {"hostname": "edge.contoso.test"},
                  "trust": {"agreed": {"files": [str(self.pki.cert("agreed-root"))]}},
                  "receive": {"apps": {"listen": [listen()], "tls": "none", "relay_from": ["127.0.0.0/8"]}},
                  "send": {"partner": {k: v for k, v in partner.items() if v is not None}, "healthy": healthy}}
        if queue:
            config["queue"] = dict(queue)
        for name, section in sections.items():
            config.setdefault(name, {}).update(section)
        return config

    def start(self, config, name="gateway"):
        gateway = Gateway(self.dir / name, config)
        self.gateways.append(gateway)
        gateway.start()
        self.addCleanup(self._stop, gateway)
        return gateway

    def _stop(self, gateway):
        if gateway.process.poll() is None:
            gateway.stop()

    def serve(self, *, send=None, queue=None, **sections):
        self.gateway = self.start(self.config(send, queue, **sections))
        return self.gateway

    # -- the story --

    def others_flow(self):
        """Mail for the healthy destination arrives at once."""
        self._healthy_count += 1
        self.gateway.submit("carol@healthy.test", f"healthy {self._healthy_count}")
        self.healthy.wait_messages(self._healthy_count, OTHERS_WITHIN)

    def hold(self, code, fault, ours, says=(), last_error="", connector="partner", to="bob@partner.test", count=3,
             reference="mx.partner.test", gateway=None):
        """Mail is sent, held behind one blocker, and told of as promised. Returns the blocker."""
        gateway = gateway or self.gateway
        self.subjects = [gateway.submit(to, f"waiting {i + 1}") for i in range(count)]
        blocker = gateway.wait_blocker(connector, code, messages=count)
        self.check_blocker(blocker, code, fault, ours, says, last_error)
        self.assertEqual([b["connector"] for b in gateway.queue()["blockers"]], [connector])
        verdict = blocker["verdict"]
        self.assertFalse(verdict["ok"])
        self.assertEqual((verdict["code"], verdict["fault"], verdict["ours"]), (code, fault, ours))
        if reference:
            self.assertEqual(verdict["reference_identifier"], reference)
        failed = [c for c in verdict["checks"] if c["result"] == "fail"]
        self.assertIn(code, [c["code"] for c in failed])
        self.check_waiting_trace(gateway, blocker)
        if gateway is self.gateway:
            self.others_flow()
        return blocker

    def check_blocker(self, blocker, code, fault, ours, says, last_error):
        self.assertEqual((blocker["code"], blocker["fault"], blocker["ours"]), (code, fault, ours), blocker["cause"])
        self.assertTrue(blocker["cause"], "a cause in words")
        self.assertTrue(blocker["cure"] and all(blocker["cure"]), "the steps of the cure")
        told = "\n".join([blocker["cause"], *blocker["cure"]])
        for fact in says:
            self.assertIn(fact, told)
        for step in blocker["cure"]:
            self.assertNotRegex(step, r"\{(peer|wanted|presented|subject|issuer|who|own|sets|anchor\w*)\}")
        self.assertTrue(blocker["last_error"].startswith('451 4.4.0 Primary target IP address responded with: "'),
                        blocker["last_error"])
        self.assertIn(last_error, blocker["last_error"])
        self.assertEqual(blocker["history"][-1]["code"], code)

    def check_waiting_trace(self, gateway, blocker):
        message = gateway.traced(self.subjects[0])
        for recipient in message["recipients"]:
            self.assertEqual((recipient["status"], recipient["code"]), ("pending", blocker["code"]))
            self.assertEqual(recipient["last_error"], blocker["last_error"])

    def cured(self, cure, gateway=None, within=CURED_WITHIN, connector="partner", to="bob@partner.test"):
        """The cure, and the mail goes by itself: all of it, in order of arrival, once, without restart."""
        gateway = gateway or self.gateway
        process = gateway.process.pid
        self.assertEqual(self.partner.subjects(), [], "nothing left before the cure")
        begun = time.monotonic()
        cure()
        self.partner.wait_messages(len(self.subjects), within - (time.monotonic() - begun))
        took = time.monotonic() - begun
        self.assertLess(took, within)
        self.assertIsNone(gateway.process.poll())
        self.assertEqual(gateway.process.pid, process)
        for subject in self.subjects:
            gateway.wait_delivered(subject)
        self.assertIsNone(gateway.blocker(connector))
        after = gateway.submit(to, "afterwards")
        gateway.wait_delivered(after, CURED_WITHIN)
        self.assertEqual(self.partner.subjects(), [*self.subjects, after], "in order of arrival, exactly once")
        self.assertEqual(gateway.queue()["blockers"], [])
        if gateway is self.gateway:
            self.others_flow()
            self.assertEqual(len(self.healthy.messages()), self._healthy_count)
        return took

    def receipt(self, subject):
        """The TLS receipt of a delivered message's first recipient."""
        events = self.gateway.traced(subject)["recipients"][0]["events"]
        return next(e["receipt"] for e in events if "receipt" in e)

    def secured(self):
        """Nothing came to the partner in clear text."""
        self.assertTrue(all(m.connection.tls_version for m in self.partner.messages()))


def main():
    # Python warns of TLS 1.1, which is asked for on purpose.
    unittest.main(verbosity=2, warnings="ignore")
