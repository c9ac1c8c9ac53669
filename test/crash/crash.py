#!/usr/bin/env python3
"""kill -9 under load: what was acknowledged arrives, whole, and twice only where SMTP cannot help it.

    crash.py [--rounds 20] [--seed N]          $POSTERN: the program

Each round sends over several connections and kills the gateway at a random message, while mail
comes in and goes out at once; it is started again and the senders go on. In the end
 - every message that got its 250 is at the sink, with the body that was sent;
 - a second copy exists only of a message that was the last of its session when that session was
   cut: the sink had it, the gateway died before it could write that down (RFC 5321 4.5.4.1);
 - every restart was ready within seconds, the store is sound, and nothing is left in it.
"""

import argparse
import collections
import pathlib
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit import inject, wait_for  # noqa: E402
from kit.gateway import Gateway, listen  # noqa: E402
from kit.sink import Sink  # noqa: E402

CONNECTIONS = 6
PER_ROUND = 150
READY_WITHIN = 5.0  # seconds from the start of the program to its greeting
# 300,000 is above server.body_memory: such bodies are files beside the store.
SIZES = (0, 200, 2_000, 2_000, 4_000, 20_000, 300_000)
SESSIONS = 4  # max_sessions_per_destination


class Load(threading.Thread):
    """One round's senders, in the background; says when `at` messages were acknowledged."""

    def __init__(self, port, seed, at):
        super().__init__(daemon=True)
        self.port, self.seed, self.at = port, seed, at
        self.reached = threading.Event()
        self.sent = self.failure = None

    def run(self):
        def on_sent(sent):
            if len(sent.acknowledged) >= self.at:
                self.reached.set()

        try:
            self.sent = inject.send("127.0.0.1", self.port, PER_ROUND, recipient="bob@sink.test", connections=CONNECTIONS,
                                    sizes=SIZES, seed=self.seed, lossy=True, deadline=120.0, on_sent=on_sent)
        except BaseException as error:  # handed to the test's thread
            self.failure = error
            self.reached.set()

    def result(self):
        self.join(180.0)
        if self.failure:
            raise self.failure
        assert self.sent, "the senders did not end"
        return self.sent


def excusable(sink):
    """How many further copies of which message a cut session explains."""
    cut = collections.Counter()
    for session in sink.sessions:
        if session.ended != "QUIT" and session.taken:
            cut[session.taken[-1]] += 1
    return cut


def judge(sink, acknowledged, unsure, rounds):
    arrived = sink.arrived()
    copies = collections.Counter(test_id for test_id, _ in arrived)
    lost = [i for i in acknowledged if not copies[i]]
    assert not lost, f"{len(lost)} acknowledged messages are lost, like {lost[:5]}"
    known = {**unsure, **acknowledged}
    foreign = [i for i in copies if i not in known]
    assert not foreign, f"never sent, or never begun: {foreign[:5]}"
    differing = [i for i, digest in arrived if known[i] != digest]
    assert not differing, f"bodies changed: {differing[:5]}"
    cut = excusable(sink)
    duplicates = {i: n - 1 for i, n in copies.items() if n > 1}
    surplus = {i: n for i, n in duplicates.items() if n > cut[i]}
    assert not surplus, f"duplicates that no cut session explains: {surplus}"
    count = sum(duplicates.values())
    assert count <= SESSIONS * rounds, f"{count} duplicates by {rounds} kills of {SESSIONS} sessions"
    return count, sum(1 for i in unsure if copies[i])


def store_is_sound(gateway):
    with sqlite3.connect(f"file:{gateway.dir / 'var/postern.db'}?mode=ro", uri=True) as database:
        (answer,) = database.execute("PRAGMA integrity_check").fetchone()
    assert answer == "ok", answer


def run(work, rounds, seed):
    random_ = random.Random(seed)
    sink = Sink()
    gateway = Gateway(work, {
        "receive": {"apps": {"listen": [listen()], "tls": "none", "relay_from": ["127.0.0.0/8"], "connection_rate_per_minute": 0}},
        "send": {"sink": {"domains": ["*"], "hosts": [f"127.0.0.1:{sink.port}"], "tls": "none"}},
        "queue": {"max_sessions_per_destination": SESSIONS},
    })
    acknowledged, unsure, slowest = {}, {}, 0.0
    gateway.start()
    try:
        for round_ in range(rounds):
            load = Load(gateway.submit_port, f"{seed}-{round_}", random_.randrange(5, PER_ROUND - 20))
            load.start()
            assert load.reached.wait(120.0), "the load does not move"
            time.sleep(random_.random() * 0.03)  # any moment, not only that of a reply
            gateway.kill()
            begun = time.monotonic()
            gateway.start()
            slowest = max(slowest, time.monotonic() - begun)
            sent = load.result()
            acknowledged.update(sent.acknowledged)
            unsure.update(sent.unsure)
        sink.wait(lambda ids: ids.issuperset(acknowledged), "every acknowledged message")
        wait_for(lambda: not sum(d["queued"] + d["deferred"] for d in gateway.queue()["destinations"]), "an empty queue")
        gateway.stop()
    except BaseException:
        print(f"--- gateway\n{gateway.tail()}\n--- in {work}", file=sys.stderr)
        gateway.kill()
        raise
    duplicates, came = judge(sink, acknowledged, unsure, rounds)
    store_is_sound(gateway)
    assert slowest < READY_WITHIN, f"a restart took {slowest:.1f} s"
    print(f"{rounds} kills: {len(acknowledged)} acknowledged, none lost; {duplicates} duplicates, all in flight at a kill; "
          f"{came} of {len(unsure)} unsure arrived; slowest start {slowest:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="postern-crash."))
    run(work, options.rounds, options.seed)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
