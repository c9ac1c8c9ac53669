#!/usr/bin/env python3
"""Hostile chains: each ends in a right verdict within half a second of processor time and 64 MiB.

    chains_test.py      $POSTERN: the program; $HOSTILE_CHAINS: what makes the requests

Every shape has a process of its own, so that its cost is its own; what a process costs that judges nothing
is shown first.
"""

import json
import os
import subprocess
import sys

SECONDS = 0.5
KIB = 64 * 1024


def peak_kib(pid):
    """Of the program alone: what getrusage tells begins with the memory of whoever started it."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def run(program, line):
    """The answer, processor seconds and peak KiB of one process that is asked this line; None: it is asked nothing."""
    child = subprocess.Popen([program, "verify", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write((line or b"{}") + b"\n")
    child.stdin.flush()
    answer = json.loads(child.stdout.readline())
    kib = peak_kib(child.pid)
    child.stdin.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, f"postern verify ended with {child.returncode}"
    return answer, usage.ru_utime + usage.ru_stime, kib


def main():
    program = os.environ["POSTERN"]
    shapes = subprocess.run([os.environ["HOSTILE_CHAINS"]], stdout=subprocess.PIPE, check=True).stdout.splitlines()
    _, idle, idle_kib = run(program, None)
    print(f"{'shape':44} {'code':24} {'s':>6} {'MiB':>6} {'line MiB':>9}")
    print(f"{'(nothing asked)':44} {'':24} {idle:6.3f} {idle_kib / 1024:6.1f}")
    wrong = []
    for line in shapes:
        case = json.loads(line)
        asked = json.dumps(case["request"]).encode()
        answer, seconds, kib = run(program, asked)
        code = answer["code"]
        print(f"{case['shape']:44} {code:24} {seconds - idle:6.3f} {kib / 1024:6.1f} {len(asked) / 2**20:9.2f}", flush=True)
        if code not in case["right"]:
            wrong.append(f"{case['shape']}: {answer} and not one of {case['right']}")
        if seconds - idle > SECONDS:
            wrong.append(f"{case['shape']}: {seconds - idle:.3f} s")
        if kib > KIB:
            wrong.append(f"{case['shape']}: {kib} KiB")
    assert len(shapes) >= 20, f"only {len(shapes)} shapes"
    assert not wrong, "\n".join(wrong)
    return 0


if __name__ == "__main__":
    sys.exit(main())
