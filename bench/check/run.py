#!/usr/bin/env python3
"""Checks a second: `postern check --stdin` beside openssl s_client and posttls-finger, over the same endpoints in one run.

    run.py [--endpoints 200] [--jobs 16] [--rounds 3] [--json FILE]

$POSTERN names the program. All of them look by STARTTLS at one server, at as many loopback addresses, and must find the
certificate trusted and right by name at every one of them; whoever does not ends the run with exit status 1. A round asks
each judge once, in turn, so that what else the machine does falls on all; medians are printed.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "test"))

from kit import free_port  # noqa: E402
from kit.ca import CA  # noqa: E402
from kit.gateway import POSTERN, Gateway  # noqa: E402
from kit.peers import Peer  # noqa: E402

NAME = "mx.bench.test"
PER_NET = 250  # addresses of 127.0.n.0/24


@dataclasses.dataclass
class Judge:
    name: str
    what: str
    command: list  # reads the endpoints, one a line
    sound: object  # of its output: how many it found sound
    endpoint: str = "{}:{}"  # as it wants to read it
    seconds: list = dataclasses.field(default_factory=list)
    cpu: list = dataclasses.field(default_factory=list)

    def ask(self, endpoints, cwd):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        told = "".join(self.endpoint.format(*each) + "\n" for each in endpoints)
        done = subprocess.run(list(map(str, self.command)), input=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", cwd=cwd)
        took, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        found = self.sound(done.stdout)
        if found != len(endpoints):
            sys.exit(f"bench/check: {self.name} found {found} of {len(endpoints)} sound:\n{done.stdout[-2000:]}")
        self.seconds.append(took)
        self.cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def result(self, count):
        return {"judge": self.name, "what": self.what, "checks_a_second": count / statistics.median(self.seconds),
                "cpu_ms_a_check": 1000 * statistics.median(self.cpu) / count, "seconds": self.seconds, "cpu_seconds": self.cpu}


def judges(root, postfix, jobs):
    def by_postern(*more):
        return [POSTERN, "check", "--stdin", "--json", "--jobs", jobs, "--trust", root, "--name", NAME, *more]

    def by_xargs(*command):
        return ["xargs", "-P", jobs, "-I", "{}", *command]

    def ok(said):
        return sum(1 for line in said.splitlines() if json.loads(line)["verdict"]["ok"])

    return [
        Judge("postern check --quick", "one session, chain, name, revocation, blame", by_postern("--quick"), ok),
        Judge("postern check", "every view: SNI, TLS 1.2, TLS 1.0/1.1, clear text", by_postern(), ok),
        Judge("openssl s_client", "one session, chain, name",
              by_xargs("sh", "-c", f"echo QUIT | openssl s_client -starttls smtp -connect {{}} -CAfile {root} -verify_hostname {NAME} "
                       "-verify_return_error -brief 2>&1 && echo judged-sound"),
              lambda said: said.count("judged-sound")),
        Judge("posttls-finger -l secure", "one session, chain, name",
              by_xargs("env", "MAIL_CONFIG=/etc/postfix", "chroot", postfix.root, "/usr/sbin/posttls-finger", "-c", "-l", "secure", "-F",
                       "/etc/tls/ca.pem", "{}", NAME),
              lambda said: said.count("Verified TLS connection established"), "[{}]:{}"),
    ]


def endpoints_at(port, count):
    return [(f"127.0.{1 + i // PER_NET}.{1 + i % PER_NET}", port) for i in range(count)]


def print_table(results):
    first = results[0]
    print(f"\n| {'judge':26} | checks a second | CPU ms a check | times slower than `{first['judge']}` | CPU, times |")
    print("|---|---|---|---|---|")
    for one in results:
        print(f"| {one['judge']:26} | {one['checks_a_second']:.0f} | {one['cpu_ms_a_check']:.1f} "
              f"| {first['checks_a_second'] / one['checks_a_second']:.2f} | {one['cpu_ms_a_check'] / first['cpu_ms_a_check']:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    asked = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="bc-"))
    root = CA(work / "ca", "Bench Root")
    leaf = root.intermediate("Bench Issuing CA").leaf(NAME)
    port = free_port()
    gateway = Gateway(work / "gateway", {
        "server": {"hostname": NAME}, "certificates": {"mx": {"chain": leaf.chain, "key": leaf.key}},
        "receive": {"all": {"listen": [f"0.0.0.0:{port}"], "accept_domains": ["bench.test"], "certificate": "mx"}},
        "send": {"drop": {"domains": ["*"], "drop": "drop"}}})
    # Never started: its root is where posttls-finger runs.
    postfix = Peer("postfix", work / "postfix", tls=leaf, name=NAME)
    postfix.run("/usr/sbin/posttls-finger", "-c", "[127.0.0.1]:1")
    endpoints = endpoints_at(port, asked.endpoints)
    everyone = judges(root.cert, postfix, asked.jobs)
    with gateway:
        for number in range(asked.rounds):
            for judge in everyone:
                judge.ask(endpoints, work)
                print(f"round {number + 1}: {judge.name}: {judge.seconds[-1]:.2f} s, {judge.cpu[-1]:.2f} s CPU", flush=True)
    results = [judge.result(asked.endpoints) for judge in everyone]
    print(f"\n{asked.endpoints} endpoints, {asked.jobs} at a time, medians of {asked.rounds} rounds; {os.cpu_count()} cores, "
          f"{platform.machine()}, {datetime.date.today()}, load {os.getloadavg()[0]:.1f}")
    print_table(results)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1) + "\n")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
