#!/usr/bin/env python3
"""One message that is refused, deferred or slow never keeps other mail of its destination waiting."""

import time

from common import CURED_WITHIN, PEER_CURES, Scenario, main
from kit import wait_for

FOREIGN = "mallory@foreign.test"
TENANT = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP. ATTR36"
STUCK_AFTER = 10.0  # seconds in one transaction: then others need not wait for the session


def only(word, command, reply):
    """`reply` where the transaction's `command` line has this word."""
    return lambda connection: reply if word in connection.said(command) else None


class OneSenderRefused(Scenario):
    """The peer does not let one sender pass, in words that mean our certificate."""

    def setUp(self):
        super().setUp()
        self.partner = self.peer(tls=self.tls("mx.partner.test", client_ca=self.pki.cert("agreed-root")))
        ours = {"chain": str(self.pki.chain("edge.contoso.test")), "key": str(self.pki.key("edge.contoso.test"))}
        self.serve(queue=PEER_CURES, send={"certificate": "ours"}, certificates={"ours": ours})

    def refused_alone(self, command, reply, code):
        self.partner.set(replies={command: only("foreign.test", "MAIL", reply)})
        self.gateway.submit("bob@partner.test", "poison", sender=FOREIGN)
        self.gateway.wait_blocker("partner", code, messages=1)
        good = [self.gateway.submit("bob@partner.test", f"good {i}") for i in range(3)]
        self.partner.wait_messages(3, CURED_WITHIN)
        self.assertEqual(self.partner.subjects(), good, "in order of arrival")
        # The refused one waits aside, with its cause, and the destination is not blocked any more.
        recipient = wait_for(self.set_aside, "the refused message to be set aside")
        self.assertEqual((recipient["status"], recipient["code"]), ("pending", code))
        self.assertIn(reply, recipient["last_error"])
        self.assertIsNone(self.gateway.blocker("partner"))
        # Tried again it is refused again, and nobody notices.
        tries = len(self.deferrals())
        self.gateway.run("queue", "retry")
        wait_for(lambda: len(self.deferrals()) > tries, "another try")
        self.assertIsNone(self.gateway.blocker("partner"))
        self.partner.set(replies={})
        self.gateway.run("queue", "retry")
        self.gateway.wait_delivered("poison", CURED_WITHIN)

    def deferrals(self):
        events = self.gateway.traced("poison")["recipients"][0]["events"]
        return [e for e in events if e["event"] == "queue.defer"]

    def set_aside(self):
        return self.deferrals() and self.gateway.traced("poison")["recipients"][0]

    def test_at_rcpt(self):
        self.refused_alone("RCPT", TENANT, "connector-certificate-mismatch")

    def test_at_the_final_dot(self):
        self.refused_alone("DOT", "550 5.7.51 TenantInboundAttribution; There is a partner connector configured",
                           "connector-certificate-mismatch")

    def test_at_mail(self):
        self.refused_alone("MAIL", "550 5.7.1 Client certificate does not permit this sender",
                           "client-certificate-not-accepted")

    def test_everybody_refused_is_a_blocker_and_ends_as_one(self):
        self.partner.set(replies={"RCPT": TENANT})
        senders = [FOREIGN, "alice@contoso.test", "bob@contoso.test"]
        waiting = [self.gateway.submit("bob@partner.test", f"from {sender}", sender=sender) for sender in senders]
        self.gateway.wait_blocker("partner", "connector-certificate-mismatch", messages=3)

        def tried():
            return {line for c in self.partner.connections for line in c.commands if line.startswith("MAIL")}

        wait_for(lambda: len(tried()) == 3, "a trial for each sender", 20)
        self.assertEqual(self.gateway.blocker("partner")["messages"], 3)
        self.partner.set(replies={})
        self.partner.wait_messages(3, CURED_WITHIN)
        self.assertEqual(sorted(self.partner.subjects()), sorted(waiting))
        self.assertEqual(self.gateway.queue()["blockers"], [])


class OneMessageDeferred(Scenario):
    """One recipient gets a 4xx; the session goes on with others."""

    def begin(self, **queue):
        self.partner = self.peer(tls=self.tls("mx.partner.test"),
                                 replies={"RCPT": only("later@", "RCPT", "451 4.2.1 later")})
        self.serve(queue=queue)
        self.gateway.submit("later@partner.test", "deferred")
        self.row = wait_for(self.deferred, "the message to be deferred")
        self.partner.set(replies={})

    def deferred(self):
        rows = [r for r in self.gateway.queue()["destinations"] if r["connector"] == "partner"]
        return rows and rows[0]["deferred"] == 1 and rows[0]

    def test_retry_tries_it_now_on_the_open_session(self):
        self.begin()
        self.assertEqual((self.row["queued"], self.row["code"]), (0, "not-tls"))
        self.assertIn("451 4.2.1 later", self.row["last_error"])
        self.assertIsNotNone(self.row["next_attempt"])
        self.assertIn("Trying 1 destination now", self.gateway.run("queue", "retry"))
        self.gateway.wait_delivered("deferred", 5)

        def nothing_to_try():
            return "Trying 0 destinations now" in self.gateway.run("queue", "retry")

        wait_for(nothing_to_try, "a retry of an empty queue to say so")

    def test_its_back_off_ends_while_other_mail_flows(self):
        self.begin(retry_min="2s", retry_max="2s")
        until = time.monotonic() + CURED_WITHIN
        while "deferred" not in self.partner.subjects():
            self.assertLess(time.monotonic(), until, "it waits for the flow to end")
            self.gateway.submit("bob@partner.test", "flow")
            time.sleep(0.5)  # less than an idle session lingers: it never ends


class OneTransactionHangs(Scenario):
    """The peer takes long over one message."""

    def begin(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test"), pause={"DOT": STUCK_AFTER + 20})
        self.serve()
        self.gateway.submit("bob@partner.test", "slow")
        self.partner.wait_stalled("DOT")
        self.partner.set(pause={})
        for i in range(3):
            self.gateway.submit("bob@partner.test", f"other {i}")

    def others(self):
        return [s for s in self.partner.subjects() if s.startswith("other")]

    def test_others_go_over_another_session(self):
        self.begin()
        wait_for(lambda: len(self.others()) == 3, "the others to go", STUCK_AFTER + 5)
        self.assertEqual(self.others(), ["other 0", "other 1", "other 2"])

    def test_what_its_session_has_claimed_goes_back(self):
        """All claimed at once, as after a restart."""
        self.partner = self.peer(tls=self.tls("mx.partner.test"), greeting="421 4.3.2 later",
                                 pause={"DOT": STUCK_AFTER + 20})
        self.serve()
        self.gateway.submit("bob@partner.test", "slow")
        for i in range(3):
            self.gateway.submit("bob@partner.test", f"other {i}")
        self.partner.set(greeting="220 {name} ESMTP")
        self.gateway.run("queue", "retry")
        self.partner.wait_stalled("DOT")
        self.partner.set(pause={})
        wait_for(lambda: len(self.others()) == 3, "the others to go", STUCK_AFTER + 5)

    def test_a_retry_does_not_wait_for_that(self):
        self.begin()
        self.gateway.run("queue", "retry")
        wait_for(lambda: len(self.others()) == 3, "the others to go", STUCK_AFTER / 2)

    def test_a_cure_is_seen_while_it_hangs(self):
        self.pki.leaf("wrong", "agreed-root", ["mx.wrong.test"])
        self.partner = self.peer(tls=self.tls("mx.partner.test"), pause={"DOT": STUCK_AFTER + 30})
        self.serve(queue=PEER_CURES)
        self.gateway.submit("bob@partner.test", "slow")
        self.partner.wait_stalled("DOT")
        self.partner.set(pause={}, tls=self.tls("wrong"))
        self.gateway.submit("bob@partner.test", "other 0")
        self.gateway.run("queue", "retry")
        self.gateway.wait_blocker("partner", "name-mismatch")
        self.partner.set(tls=self.tls("mx.partner.test"))
        wait_for(self.others, "the probe of a cured peer", STUCK_AFTER + 10)


if __name__ == "__main__":
    main()
