#!/usr/bin/env python3
"""Postern and Postfix as relays, side by side: the same CA, generator, sink, load and durability.

    run.py [--scenarios one,twenty] [--rounds N] [--scale 0.1] [--json FILE]

$POSTERN names the program, $POSTERN_LOADTEST the sources of smtpload, smtpsink and idcheck.
Every round runs each relay once, in turn, so that what else the machine does falls on both; the
medians are printed. Exit status 1: a message was lost.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "test"), str(HERE)]

import many  # noqa: E402
import measure  # noqa: E402
import scenarios  # noqa: E402
from kit import free_port, wait_for, wait_greeting  # noqa: E402
from kit.ca import CA  # noqa: E402
from kit.gateway import POSTERN  # noqa: E402
from relays import NAME, NEXT, Postern, Postfix  # noqa: E402

DRAIN = 600.0  # seconds; a deadline, not a measure


def build_tools():
    sources = os.environ.get("POSTERN_LOADTEST")
    if not sources:
        sys.exit("bench/relay: $POSTERN_LOADTEST is not set; it names the sources of smtpload, smtpsink and idcheck")
    target = pathlib.Path(POSTERN).resolve().parent.parent / "loadtest"
    subprocess.run(["make", "-s", "-C", sources, f"BUILD={target}"], check=True, stdout=subprocess.DEVNULL)
    return target


class Sink:
    def __init__(self, tools, work, tls, port, encrypted):
        self.stats, self.ids = free_port(), work / "sink.ids"
        command = [tools / "smtpsink", "--listen", f"127.0.0.1:{port}", "--stats", f"127.0.0.1:{self.stats}", "--name", NEXT,
                   "--id-file", self.ids, "--max-id", "200000"]
        if encrypted:
            command += ["--require-tls", "--cert", tls.chain, "--key", tls.key]
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
        wait_greeting(port)

    def counts(self):
        with socket.create_connection(("127.0.0.1", self.stats), timeout=10) as s:
            return json.loads(s.makefile().readline())

    def stop(self):
        self.process.terminate()
        self.process.wait()


def load(tools, work, relay, scenario, ca):
    if scenario.domains > 1:
        return many.send(relay.port, ca, scenario)
    command = [tools / "smtpload", "--connect", f"127.0.0.1:{relay.port}", "--connections", scenario.connections, "--messages",
               scenario.messages, "--per-connection", scenario.per_connection, "--size", scenario.size, "--id-file", work / "load.ids",
               "--json", "--retry", "--from", "load@bench.test", "--to", "bob@d0.test"]
    if scenario.encrypted:
        command += ["--starttls", "--ca", ca, "--server-name", NAME]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


@contextlib.contextmanager
def bystanders(port, count):
    """Clients that say EHLO and then nothing."""
    sockets = []
    for i in range(count):
        s = socket.create_connection(("127.0.0.1", port), timeout=10)
        s.sendall(b"EHLO stalled.test\r\n" if i % 2 else b"EHL")
        sockets.append(s)
    yield
    for s in sockets:
        s.close()


def check(tools, work, scenario, seen):
    if scenario.domains > 1:
        return {"lost": max(0, scenario.messages - seen["messages"]), "duplicated": 0}
    done = subprocess.run([tools / "idcheck", work / "load.ids", work / "sink.ids"], stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def once(make, scenario, tools, root):
    """One relay through one scenario: the figures of a run."""
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"postern-bench-{make.label}."))
    next_port, theirs = free_port(), root.leaf(NEXT)
    sink = None if scenario.held_first else Sink(tools, work, theirs, next_port, scenario.encrypted)
    try:
        with make(work / "relay", root.leaf(NAME), next_port, scenario.encrypted) as relay:
            with measure.Meter(relay.pid) as meter, bystanders(relay.port, scenario.bystanders):
                sent = load(tools, work, relay, scenario, root.cert)
                begun = sent["first_ack_ns"]
                if scenario.held_first:
                    sink = Sink(tools, work, theirs, next_port, scenario.encrypted)
                    begun = None
                    relay.release()
                wait_for(lambda: sink.counts()["messages"] >= sent["acked"], "all messages at the sink", DRAIN)
                seen = sink.counts()
                begun = begun or seen["first_ns"]
        sink.stop()
        checked = check(tools, work, scenario, seen)
    finally:
        if sink and sink.process.poll() is None:
            sink.stop()
        shutil.rmtree(work, ignore_errors=True)
    through = (seen["last_ns"] - begun) / 1e9
    return {"accepted_per_s": sent["msgs_per_s"], "end_to_end_per_s": seen["messages"] / through, "p50_ms": sent["latency_p50_ms"],
            "p99_ms": sent["latency_p99_ms"], "cpu_s_per_1000": meter.cpu / scenario.messages * 1000, "peak_mib": meter.peak / 2**20,
            "lost": checked["lost"], "duplicated": checked["duplicated"], "errors": sent["errors"],
            "generator_cpu_s": sent["cpu_user_s"] + sent["cpu_sys_s"], "sink_cpu_s": seen["cpu_user_s"] + seen["cpu_sys_s"]}


COLUMNS = [("accepted_per_s", "accepted/s", "{:.0f}", True), ("end_to_end_per_s", "end to end/s", "{:.0f}", True), ("p50_ms", "p50 ms", "{:.1f}", False),
           ("p99_ms", "p99 ms", "{:.1f}", False), ("cpu_s_per_1000", "CPU s/1000", "{:.2f}", False), ("peak_mib", "peak MiB", "{:.0f}", False),
           ("lost", "lost", "{:.0f}", None), ("duplicated", "dup", "{:.0f}", None), ("generator_cpu_s", "gen CPU s", "{:.1f}", None),
           ("sink_cpu_s", "sink CPU s", "{:.1f}", None)]


def median(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(scenario, figures):
    """A Markdown table: a row a relay, and how many times better Postern is."""
    lines = [f"\n**{scenario.words}** ({scenario.messages} messages, {scenario.connections} connections)\n",
             "| | " + " | ".join(title for _, title, _, _ in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for label, values in figures.items():
        lines.append(f"| {label} | " + " | ".join(form.format(values[key]) for key, _, form, _ in COLUMNS) + " |")
    if len(figures) == 2:
        ours, theirs = figures["Postern"], figures["Postfix"]
        ratios = []
        for key, _, _, more_is_better in COLUMNS:
            over, under = (ours, theirs) if more_is_better else (theirs, ours)
            ratios.append("" if more_is_better is None or not under[key] else f"{over[key] / under[key]:.1f} x")
        lines.append("| better by | " + " | ".join(ratios) + " |")
    return "\n".join(lines)


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--scenarios", help="names, separated by commas; default all")
    args.add_argument("--relays", default="postern,postfix")
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--scale", type=float, default=1.0, help="share of the messages; for a quick look")
    args.add_argument("--json", type=pathlib.Path, help="every run's figures")
    args = args.parse_args()
    wanted = args.scenarios.split(",") if args.scenarios else [s.name for s in scenarios.ALL]
    if unknown := set(wanted) - {s.name for s in scenarios.ALL}:
        sys.exit(f"bench/relay: no scenario {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in scenarios.ALL)}")
    relays = [{"postern": Postern, "postfix": Postfix}[name] for name in args.relays.split(",")]
    tools, everything, lost = build_tools(), {}, 0
    print(f"{datetime.date.today()}, {os.cpu_count()} cores, {platform.machine()}, load before: {os.getloadavg()[0]:.1f}, medians of {args.rounds}")
    with tempfile.TemporaryDirectory(prefix="postern-bench-ca.") as folder:
        root = CA(pathlib.Path(folder) / "ca")
        for scenario in scenarios.ALL:
            if scenario.name not in wanted:
                continue
            scenario = scenarios.scaled(scenario, args.scale)
            runs = {make.label: [] for make in relays}
            for _ in range(args.rounds):
                for make in relays:
                    runs[make.label].append(once(make, scenario, tools, root))
            everything[scenario.name] = runs
            lost += sum(run["lost"] for of in runs.values() for run in of)
            print(table(scenario, {label: median(of) for label, of in runs.items()}), flush=True)
    if args.json:
        args.json.write_text(json.dumps(everything, indent=1))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
