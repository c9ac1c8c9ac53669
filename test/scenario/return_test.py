#!/usr/bin/env python3
"""Mail that is returned or grows old while sessions run: nobody is told of a failure that is none."""

import smtplib
import time

from common import main
from kit import wait_for
from overdue_test import Notices

PAGE = 200  # what a sweep reads at once


class Return(Notices):
    def begin(self, **behaviour):
        self.partner = self.peer(tls=self.tls("mx.partner.test"), **behaviour)
        self.serve(queue={"retry_min": "1m"})

    def returned(self, code=0):
        return self.gateway.json("queue", "return", "--recipient", "bob@partner.test", code=code)

    def test_what_arrives_meanwhile_is_delivered_and_nobody_is_told_otherwise(self):
        self.begin(pause={"DOT": 2.0})
        subject = self.gateway.submit("bob@partner.test", "in flight")
        self.partner.wait_stalled("DOT")
        self.assertEqual(self.returned(code=1), {"messages": 0, "recipients": 0, "delivered": 1, "in_flight": 0})
        self.gateway.wait_delivered(subject)
        self.others_flow()
        self.assertEqual(self.notices("failed"), [])

    def test_what_takes_longer_is_left_as_it_is(self):
        self.begin(pause={"DOT": 8.0})
        subject = self.gateway.submit("bob@partner.test", "in flight")
        self.partner.wait_stalled("DOT")
        self.assertEqual(self.returned(code=1), {"messages": 0, "recipients": 0, "delivered": 0, "in_flight": 1})
        self.gateway.wait_delivered(subject, 15)
        self.assertEqual(self.notices("failed"), [])

    def test_what_fails_meanwhile_is_returned(self):
        self.begin(pause={"DOT": 2.0}, replies={"DOT": "451 4.3.0 later"})
        subject = self.gateway.submit("bob@partner.test", "in flight")
        self.partner.wait_stalled("DOT")
        self.assertEqual(self.returned(), {"messages": 1, "recipients": 1, "delivered": 0, "in_flight": 0})
        self.gateway.wait_status(subject, "expired")
        wait_for(lambda: len(self.notices("failed")) == 1, "its notice", 10)
        events = self.gateway.traced(subject)["recipients"][0]["events"]
        self.assertTrue(next(e for e in events if e["event"] == "queue.return")["by"])
        self.partner.set(replies={}, pause={})
        self.gateway.run("queue", "retry")
        after = self.gateway.submit("bob@partner.test", "afterwards")
        self.gateway.wait_delivered(after)
        self.assertEqual(self.partner.subjects(), [after])


class Sweeps(Notices):
    def test_a_destination_that_is_never_without_a_session_gets_its_delay_notices(self):
        self.partner = self.peer(tls=self.tls("mx.partner.test"), pause={"DOT": 0.5})
        self.serve(queue={"delay_notice": "2s", "delay_notice_blocked": "2s", "max_sessions_per_destination": 1})
        subjects = [self.gateway.submit("bob@partner.test", f"slow {i}") for i in range(24)]
        wait_for(lambda: self.notices("delayed"), "a delay notice", 10)
        self.assertLess(len(self.partner.messages()), len(subjects), "the session still runs")
        self.gateway.wait_delivered(subjects[-1], 20)
        self.assertEqual(len(self.partner.messages()), len(subjects))
        self.assertEqual(self.notices("failed"), [])

    def test_a_head_of_the_queue_that_cannot_move_starves_nothing_behind_it(self):
        self.partner = self.peer(greeting="421 4.3.2 not now")
        self.serve(queue={"lifetime": "6s", "delay_notice": "1h", "delay_notice_blocked": "1h", "retry_min": "1m"})
        with smtplib.SMTP("127.0.0.1", self.gateway.submit_port, "app.contoso.test") as client:
            for i in range(PAGE + 5):
                client.sendmail("alice@contoso.test", ["bob@partner.test"], f"Subject: head {i}\r\n\r\n.\r\n")
        self.gateway.run("queue", "extend", "--all", "--for", "1d")
        begun = time.monotonic()
        last = self.gateway.submit("bob@partner.test", "behind them")
        self.gateway.wait_status(last, "expired", 15)
        self.assertGreater(time.monotonic() - begun, 5)
        wait_for(lambda: len(self.notices("failed")) == 1, "its notice alone", 5)


if __name__ == "__main__":
    main()
