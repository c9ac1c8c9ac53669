#!/usr/bin/env python3
"""SMTP dialogues as a black box: the suite's runner against `postern serve` with the runner's sink behind it.

    smtp_cases.py [--tls] [--only GLOB ...]     $POSTERN: the program; $POSTERN_SUITES: where the runner is

Runs the suite's own cases and test/suites/own_cases.md, which is written in the same language. Every
`must` passes, and at least 90 of 100 `should`. Without $POSTERN_SUITES: skipped (77). The gateway has
its default limits: they are part of what is judged.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit import free_port  # noqa: E402
from kit.ca import CA  # noqa: E402
from kit.gateway import Gateway, listen  # noqa: E402

OWN = pathlib.Path(__file__).with_name("own_cases.md")
SKIPPED = 77
SHOULD_PASS = 0.9


def configuration(work, sink):
    leaf = CA(work / "ca").leaf("mx.rcpt.test")
    return {
        "server": {"hostname": "mx.rcpt.test"},
        "certificates": {"mx": {"chain": leaf.chain, "key": leaf.key}},
        "receive": {"internet": {"listen": [listen()], "tls": "opportunistic", "accept_domains": ["rcpt.test"]}},
        "send": {"sink": {"domains": ["*"], "hosts": [f"127.0.0.1:{sink}"], "tls": "none"}},
        # The runner's sink listens only once it runs.
        "queue": {"retry_min": "1s", "probe_min": "1s"},
    }


def run(runner, cases, options, gateway, sink, out):
    command = [sys.executable, runner, cases, "--server", f"127.0.0.1:{gateway.submit_port}", "--sink", str(sink), "--rcpt", "user@rcpt.test",
               "--out", out, *(["--tls"] if options.tls else []), *(w for glob in options.only for w in ("--only", glob)),
               *(["--verbose"] if options.verbose else [])]
    done = subprocess.run(list(map(str, command)))
    # 0 and 1 are judgements; anything else is a run that did not come to its end.
    assert done.returncode in (0, 1), f"the runner ended with {done.returncode}"
    results = json.loads(out.read_text())
    table = collections.defaultdict(collections.Counter)
    for result in results:
        table[result["grade"]][result["result"]] += 1
    assert results or options.only, "no dialogue ran"
    failed = [r["id"] for r in results if r["grade"] == "must" and r["result"] == "fail"]
    assert not failed, f"must: {failed}"
    should = table["should"]
    counted = should["pass"] + should["fail"]
    assert should["pass"] >= SHOULD_PASS * counted, f"should: only {should['pass']} of {counted}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    suites = os.environ.get("POSTERN_SUITES")
    if not suites:
        print("skipped: $POSTERN_SUITES is not set; it names the directory of smtp_cases_run.py")
        return SKIPPED
    runner, cases = pathlib.Path(suites) / "smtp_cases_run.py", pathlib.Path(suites) / "smtp_cases.md"
    for file in (runner, cases):
        assert file.is_file(), f"{file} is missing"
    work = pathlib.Path(tempfile.mkdtemp(prefix="postern-cases."))
    sink = free_port()
    gateway = Gateway(work / "gateway", configuration(work, sink))
    with gateway:
        for name in (cases, OWN):
            run(runner, name, options, gateway, sink, work / "results.json")
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
