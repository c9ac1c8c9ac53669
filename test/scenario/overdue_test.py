#!/usr/bin/env python3
"""Scenario 20: mail older than its lifetime behind a blocker, and what its sender is told."""

import email
import email.policy
import time

from common import CURED_WITHIN, Scenario, main
from kit import wait_for

LIFETIME = 3


class Notices(Scenario):
    """Senders live here: what they are told is delivered into a folder."""

    def serve(self, *, queue, send_connectors=None):
        config = self.config(queue=queue)
        config["send"]["ours"] = {"domains": ["contoso.test"], "drop": "drop", **(send_connectors or {})}
        self.gateway = self.start(config)
        self.drop = self.gateway.dir / "drop"

    def notices(self, action):
        """DSNs in the drop folder, as email messages."""
        out = []
        for file in sorted(self.drop.glob("*.eml")):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if message.get_content_type() == "multipart/report" and self.status(message)[1]["Action"] == action:
                out.append(message)
        return out

    @staticmethod
    def status(notice):
        """The blocks of message/delivery-status: the message's, then each recipient's."""
        part = next(p for p in notice.walk() if p.get_content_type() == "message/delivery-status")
        return part.get_payload()

    def check_notice(self, notice, action, status_class, words):
        self.assertEqual(notice.get_param("report-type"), "delivery-status")
        self.assertEqual(notice["Return-Path"], "<>")
        self.assertIn("alice@contoso.test", notice["To"])
        self.assertTrue(notice["Auto-Submitted"].startswith("auto-replied"))
        parts = [p.get_content_type() for p in notice.iter_parts()]
        self.assertEqual(parts[:2], ["text/plain", "message/delivery-status"])
        self.assertIn(parts[2], ("message/rfc822", "text/rfc822-headers"))
        text = next(notice.iter_parts()).get_content()
        for word in ("bob@partner.test", *words):
            self.assertIn(word, text)
        whole, recipient = self.status(notice)[:2]
        self.assertIn("edge.contoso.test", whole["Reporting-MTA"])
        self.assertEqual(recipient["Action"], action)
        self.assertEqual(recipient["Status"][0], status_class)
        self.assertIn("bob@partner.test", recipient["Final-Recipient"])
        return recipient


class Scenario20Overdue(Notices):
    def setUp(self):
        super().setUp()
        self.pki.leaf("wrong", "agreed-root", ["mail.elsewhere.test"])
        self.partner = self.peer(tls=self.tls("wrong"))

    def begin(self, blocker_lifetime="10m", delay="1s"):
        self.serve(queue={"probe_min": "1s", "probe_max": "2s", "lifetime": f"{LIFETIME}s", "delay_notice": "1s",
                          "delay_notice_blocked": delay, "blocker_lifetime": blocker_lifetime})

    def overdue(self):
        """Five messages, past their lifetime and still there, behind one blocker."""
        self.hold("name-mismatch", "server", False, says=["mail.elsewhere.test", "mx.partner.test"], count=5)
        self.gateway.wait_log("blocker.overdue", LIFETIME + 8)
        time.sleep(0.5)
        blocker = self.gateway.wait_blocker("partner", "name-mismatch", messages=5)
        for subject in self.subjects:
            self.assertEqual([r["status"] for r in self.gateway.traced(subject)["recipients"]], ["pending"])
        return blocker

    def ids(self):
        return [self.gateway.traced(subject)["id"] for subject in self.subjects]

    def test_extended_held_released_returned_none_lost(self):
        self.begin()
        blocker = self.overdue()
        first, second, third, fourth, fifth = self.ids()
        # Each sender was told of the delay, once a message, in plain words.
        wait_for(lambda: len(self.notices("delayed")) == 5, "a delay notice for each message", 10)
        recipient = self.check_notice(self.notices("delayed")[0], "delayed", "4", ["mail.elsewhere.test"])
        self.assertTrue(recipient["Will-Retry-Until"])
        # The operator extends one, sets one aside, returns one, and lets the rest go under an exception.
        self.gateway.run("queue", "extend", first, "--until", "1d")
        self.assertGreater(self.gateway.traced(self.subjects[0])["expires"], self.gateway.traced(self.subjects[0])["arrival"])
        self.gateway.run("queue", "hold", second)
        self.gateway.run("queue", "return", fifth)
        wait_for(lambda: len(self.notices("failed")) == 1, "the returned message's notice", 10)
        self.check_notice(self.notices("failed")[0], "failed", "5", ["returned"])
        self.assertIn(self.subjects[4], str(self.notices("failed")[0]))
        self.assertEqual(self.partner.subjects(), [])
        self.gateway.run("queue", "allow", blocker["id"], "--accept", "name-mismatch", "--until", "1h", "--why", "CR 4711")
        self.partner.wait_messages(3, CURED_WITHIN)
        for subject in (self.subjects[0], *self.subjects[2:4]):
            self.gateway.wait_delivered(subject)
            self.assertEqual(self.receipt(subject)["by_exception"], "name-mismatch")
        self.assertEqual(self.partner.subjects(), [self.subjects[0], *self.subjects[2:4]])
        self.gateway.run("queue", "release", second)
        self.partner.wait_messages(4, CURED_WITHIN)
        self.assertEqual(sorted(self.partner.subjects()), sorted(self.subjects[:4]))
        self.assertEqual(len(self.notices("delayed")), 5, "no one was told twice")
        self.others_flow()

    def test_cured_late_all_of_it_goes(self):
        self.begin()
        self.overdue()
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test")))

    def test_past_the_blocker_s_lifetime_returned_and_resubmitted(self):
        self.begin(blocker_lifetime=f"{LIFETIME + 4}s", delay="10m")
        self.overdue()
        for subject in self.subjects:
            self.gateway.wait_status(subject, "expired", 15)
        wait_for(lambda: len(self.notices("failed")) == 5, "a failure notice for each message", 10)
        self.check_notice(self.notices("failed")[0], "failed", "5", ["mail.elsewhere.test"])
        self.assertEqual(self.notices("delayed"), [])
        # Expired is not lost: after the cure it is sent again.
        self.partner.set(tls=self.tls("mx.partner.test"))
        self.gateway.run("queue", "resubmit", "--recipient", "bob@partner.test", "--status", "expired")
        self.partner.wait_messages(5, CURED_WITHIN)
        for subject in self.subjects:
            self.gateway.wait_delivered(subject)
        self.assertEqual(sorted(self.partner.subjects()), sorted(self.subjects))

    def test_it_survives_kill_9_and_a_restart(self):
        self.begin()
        before = self.overdue()
        self.gateway.kill()
        self.gateway.start()
        after = self.gateway.wait_blocker("partner", "name-mismatch", messages=5)
        self.assertEqual((after["id"], after["since"]), (before["id"], before["since"]))
        self.cured(lambda: self.partner.set(tls=self.tls("mx.partner.test")))


if __name__ == "__main__":
    main()
