#!/usr/bin/env python3
"""The command around a check: exit codes, the page, lists, the monitor's line, bad input, deadlines."""

import json
import unittest

from common import CheckCase, run


class Command(CheckCase):
    def ours(self, *arguments, **more):
        return run("--trust", self.pki.cert("root"), "--name", "mx.partner.test", "--timeout", "8s", *arguments, cwd=self.dir, **more)

    def test_the_page_says_the_verdict_first(self):
        self.pki.leaf("wrong", "root", ["mail.contoso.test"])
        page = self.ours(f"127.0.0.1:{self.peer(tls=self.tls('wrong')).port}")
        self.assertEqual(page.returncode, 1)
        lines = page.stdout.splitlines()
        self.assertTrue(lines[0].startswith("FAILS  name-mismatch  127.0.0.1:"), lines[0])
        order = [page.stdout.index(words) for words in
                 ("Whose fault:", "What cures it:", "Counter-tests:", "As each kind of sender:", "greeting")]
        self.assertEqual(order, sorted(order))
        self.assertNotIn("\x1b", page.stdout)
        self.assertEqual(page.stderr, "")
        sound = self.ours(f"127.0.0.1:{self.peer(tls=self.tls()).port}")
        self.assertEqual(sound.returncode, 0, sound.stdout)
        self.assertTrue(sound.stdout.startswith("SOUND  127.0.0.1:"))

    def test_the_monitor_s_line_and_exit_codes(self):
        self.pki.leaf("soon", "root", ["mx.partner.test"], not_after="+10d")
        good, soon, bad = self.peer(tls=self.tls()), self.peer(tls=self.tls("soon")), self.peer(tls=None)
        for peer, code, word in ((good, 0, "OK"), (soon, 1, "WARNING"), (bad, 2, "CRITICAL")):
            done = self.ours("--nagios", f"127.0.0.1:{peer.port}")
            self.assertEqual(done.returncode, code, done.stdout)
            self.assertTrue(done.stdout.startswith(f"SMTP-TLS {word} - "), done.stdout)
            self.assertEqual(done.stdout.count("\n"), 1)
            self.assertEqual(done.stdout.count("|"), 1)
        done = self.ours("--nagios", "no target")
        self.assertEqual((done.returncode, done.stdout[:18]), (3, "SMTP-TLS UNKNOWN -"))

    def test_a_list_is_answered_as_it_comes_in_lines_of_json(self):
        peers = [self.peer(tls=self.tls()) for _ in range(6)]
        stalled = self.peer(tls=self.tls(), stall="greeting")
        wanted = [f"127.0.0.1:{p.port}" for p in (stalled, *peers)]
        done = run("--trust", self.pki.cert("root"), "--name", "mx.partner.test", "--stdin", "--json", "--quick", "--jobs",
                   "3", "--timeout", "3s", stdin="# all of them\n" + "\n\n".join(wanted) + "\n", cwd=self.dir)
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(sorted(r["target"] for r in reports), sorted(wanted))
        self.assertEqual(reports[-1]["target"], wanted[0], "who stalls keeps nobody waiting")
        self.assertEqual([r["ok"] for r in reports], [True] * 6 + [False])

    def test_bad_input_is_told_with_what_was_expected(self):
        for arguments, words in ((["a b"], "give a domain"), ([], "what is to be looked at"),
                                 (["mx.test", "--client-key", "x"], "--client-cert"),
                                 (["mx.test", "--client-cert", "/nowhere"], "/nowhere")):
            done = run(*arguments, cwd=self.dir)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(words, done.stderr)
        key = run("mx.test", "--trust", self.pki.key("root"), cwd=self.dir)
        self.assertEqual(key.returncode, 2)
        self.assertIn(str(self.pki.key("root")), key.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
