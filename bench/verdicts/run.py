#!/usr/bin/env python3
"""Verdicts a second: `postern verify --jsonl` beside a bare X509_verify_cert, over the same chains in one run.

    run.py [--rounds 5] [--cases 600] [--limit 3]

$POSTERN and $BARE_VERIFY name the programs, $POSTERN_SUITES the directory of the limbo part. The chains are that part's, as
they stand and with all that peers add to them (another order, repeats, the root, strangers). A round asks each program once,
in turn, so that what else the machine does falls on both; medians of their processor time are printed. Exit status 1: Postern
needs more than `--limit` times as much.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile

MUTATIONS = {"as they stand": set(), "with all that peers add": {"shuffle", "dup", "root", "noise"}}


def requests(suites, mutate, count):
    sys.path.insert(0, str(suites))
    import limbo_run  # pylint: disable=import-error,import-outside-toplevel
    cases = [c for c in limbo_run.load(str(suites / "limbo-part.json.gz")) if not limbo_run.skip_reason(c, "smtp")]
    rng = random.Random(1)
    cases = rng.sample(cases, min(count, len(cases)))
    noise = [pem for case in cases for pem in case["untrusted_intermediates"]][:200]
    return [json.dumps(limbo_run.request(case, str(i), mutate, noise, rng)) for i, case in enumerate(cases)]


def cpu_seconds(command, lines):
    """Processor seconds of one process that answers all lines."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(lines, "rb") as given:
        answers = subprocess.run(command, stdin=given, stdout=subprocess.PIPE, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return answers.count(b"\n"), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--limit", type=float, default=3.0)
    options = parser.parse_args()
    programs = {"`postern verify --jsonl`": [os.environ["POSTERN"], "verify", "--jsonl"],
                "bare X509_verify_cert": [os.environ["BARE_VERIFY"]]}
    suites = pathlib.Path(os.environ["POSTERN_SUITES"])
    worst = 0.0
    print("| chains | judge | verdicts a CPU second | CPU ms a verdict | times the bare one |\n|---|---|---|---|---|")
    for words, mutate in MUTATIONS.items():
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as lines:
            asked = requests(suites, mutate, options.cases)
            lines.write("\n".join(asked) + "\n")
            lines.flush()
            spent = {name: [] for name in programs}
            for _ in range(options.rounds):
                for name, command in programs.items():
                    answered, seconds = cpu_seconds(command, lines.name)
                    assert answered == len(asked), f"{name}: {answered} answers to {len(asked)} lines"
                    spent[name].append(seconds)
        medians = {name: statistics.median(values) for name, values in spent.items()}
        bare = medians["bare X509_verify_cert"]
        for name, seconds in medians.items():
            print(f"| {len(asked)}, {words} | {name} | {len(asked) / seconds:.0f} | {1000 * seconds / len(asked):.2f} | {seconds / bare:.2f} |")
            worst = max(worst, seconds / bare)
    return 0 if worst <= options.limit else 1


if __name__ == "__main__":
    sys.exit(main())
