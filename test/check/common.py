"""What the tests of `postern check` share: running it, peers and certificates."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit.pki import Pki  # noqa: E402
from kit.scripted_peer import ScriptedPeer, Tls  # noqa: E402

POSTERN = os.environ.get("POSTERN", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/bin/postern"))
TIME = "8s"  # of one check; one that is stalled takes most of it


def run(*arguments, cwd, stdin=None, timeout=60):
    """Without the configuration of the machine: a folder of the test is the working directory."""
    env = {k: v for k, v in os.environ.items() if k != "POSTERN_CONFIG"}
    return subprocess.run([POSTERN, "check", *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          cwd=cwd, env=env, timeout=timeout)


class CheckCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pc-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.pki = Pki(self.dir / "pki")
        self.pki.make({"id": "root", "kind": "ca", "cn": "Agreed Root"},
                      {"id": "mx.partner.test", "kind": "leaf", "issuer": "root", "dns": ["mx.partner.test"]})

    def tls(self, name="mx.partner.test", **more):
        return Tls(self.pki.chain(name), self.pki.key(name), **more)

    def peer(self, name="mx.partner.test", **behaviour):
        peer = ScriptedPeer(name, **behaviour)
        self.addCleanup(peer.stop)
        return peer

    def check(self, target, *arguments, trust=True, name="mx.partner.test", time=TIME):
        """The report of one check, with the exit code as report["exit"]."""
        given = ["--json", "--timeout", time]
        if trust:
            given += ["--trust", self.pki.cert("root")]
        if name:
            given += ["--name", name]
        done = run(target, *given, *arguments, cwd=self.dir)
        self.assertIn(done.returncode, (0, 1), done.stderr + done.stdout)
        report = json.loads(done.stdout)
        report["exit"] = done.returncode
        self.assertEqual(report["version"], 1)
        return report

    def check_peer(self, peer, *arguments, **more):
        return self.check(f"127.0.0.1:{peer.port}", *arguments, **more)

    def answers(self, report, name):
        """The counter-tests of that name: (result, answer)."""
        return [(t["result"], t["answer"]) for t in report["counter_tests"] if t["name"] == name]

    def assert_verdict(self, report, code, fault):
        verdict = report["verdict"]
        self.assertEqual((verdict["code"], verdict["fault"]), (code, fault), verdict["cause"])
        self.assertEqual(verdict["ok"], code == "none")
        self.assertEqual(report["exit"], 0 if code == "none" and report["severity"] == "info" else 1)
        if code != "none":
            self.assertTrue(verdict["cause"] and verdict["cure"], verdict)
            for step in verdict["cure"]:
                self.assertNotRegex(step, r"\{(peer|wanted|presented|subject|issuer|who|own|sets|anchor\w*)\}")
