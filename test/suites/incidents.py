#!/usr/bin/env python3
"""Accuracy of `postern explain` over incidents with known causes.

Each incident is a JSON file in $POSTERN_INCIDENTS: artefacts (kind, text), root_cause, also_acceptable, decidable, system.
Its artefacts are written as files of a folder, explained together, and the first-ranked cause is compared.
Fails below 95 % of the decidable ones, and on any cause that is stated as certain and wrong.
Unset: skipped, by that name. Set and not there: fails.

usage: incidents.py [-v]
"""
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ENOUGH = 0.95
SKIPPED = 77


def explain(postern, incident):
    with tempfile.TemporaryDirectory() as folder:
        for number, artefact in enumerate(incident["artefacts"]):
            name = f"{number:02}-{artefact['kind']}.txt"
            (pathlib.Path(folder) / name).write_text(artefact["text"] + "\n", encoding="utf-8")
        done = subprocess.run([postern, "explain", "--json", folder], capture_output=True, text=True, timeout=60)
    if not done.stdout:
        raise AssertionError(f"{incident['id']}: exit {done.returncode}, {done.stderr.strip()}")
    return json.loads(done.stdout)


def first_of(report):
    if report["outcome"] == "healthy":
        return "none", "likely"
    if report["outcome"] == "not-tls":
        return "not-tls", "likely"
    if not report["causes"]:
        return report["outcome"], "possible"
    return report["causes"][0]["code"], report["causes"][0]["certainty"]


def main():
    folder = os.environ.get("POSTERN_INCIDENTS")
    if not folder:
        print("skipped: POSTERN_INCIDENTS names no folder of incidents")
        return SKIPPED
    files = sorted(pathlib.Path(folder, "dev").glob("*.json"))
    if not files:
        print(f"no incidents in {folder}/dev")
        return 1
    verbose = "-v" in sys.argv[1:]
    postern = os.environ["POSTERN"]
    table = collections.defaultdict(collections.Counter)
    decidable = hits = 0
    wrong_and_certain = []
    for file in files:
        incident = json.loads(file.read_text(encoding="utf-8"))
        report = explain(postern, incident)
        code, certainty = first_of(report)
        right = code == incident["root_cause"] or code in incident["also_acceptable"]
        kind = "hit" if right else "miss"
        if not incident["decidable"]:
            kind = "open " + kind
        elif report["outcome"] == "undecided" and not right:
            kind = "undecided"
        table[incident["system"]][kind] += 1
        if incident["decidable"]:
            decidable += 1
            hits += right
        if not right and certainty == "certain":
            wrong_and_certain.append(incident["id"])
        if not right or verbose:
            print(f"{kind:10} {incident['id']}: {code} ({certainty}), is {incident['root_cause']}"
                  + "".join(f" or {other}" for other in incident["also_acceptable"]))
    columns = ["hit", "miss", "undecided", "open hit", "open miss"]
    print(f"\n{'product':20}" + "".join(f"{c:>11}" for c in columns))
    for product in sorted(table):
        print(f"{product:20}" + "".join(f"{table[product][c]:>11}" for c in columns))
    share = hits / decidable if decidable else 1.0
    print(f"\n{hits} of {decidable} decidable ({share:.1%}); certain and wrong: {', '.join(wrong_and_certain) or 'none'}")
    return 0 if share >= ENOUGH and not wrong_and_certain else 1


if __name__ == "__main__":
    sys.exit(main())
