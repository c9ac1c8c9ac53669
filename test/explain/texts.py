#!/usr/bin/env python3
"""Texts as administrators paste them, with the causes that are right: what postern explain makes of each.

A text is a file: "system:", "cause:" (the right codes; the first is the best), perhaps "decidable: no" and "why:", an empty line,
the text. Files named first-* and second-* were written, with their causes, before anything was run on them (docs/explain.md has the figure).
Fails below 95 % of the decidable ones, and on any cause that is stated as certain and wrong.

usage: texts.py [-v] [FOLDER]
"""
import collections
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "suites"))
from incidents import ENOUGH, first_of  # noqa: E402


def read(file):
    head, text = file.read_text(encoding="utf-8").split("\n\n", 1)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    return fields["system"], fields["cause"].split(", "), fields.get("decidable") != "no", text


def explain(text):
    done = subprocess.run([os.environ["POSTERN"], "explain", "--json", "-"], input=text, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


def main():
    arguments = [a for a in sys.argv[1:] if a != "-v"]
    folder = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parent / "texts"
    table = collections.defaultdict(collections.Counter)
    decidable = hits = 0
    wrong_and_certain = []
    for file in sorted(folder.glob("*.txt")):
        system, causes, can_tell, text = read(file)
        code, certainty = first_of(explain(text))
        right = code in causes
        table[system]["hit" if right else "miss"] += 1
        if can_tell:
            decidable += 1
            hits += right
        if not right and certainty == "certain":
            wrong_and_certain.append(file.stem)
        if not right or "-v" in sys.argv[1:]:
            print(f"{'hit' if right else 'miss':5} {file.stem}: {code} ({certainty}), is {' or '.join(causes)}")
    for system in sorted(table):
        print(f"{system:20}{table[system]['hit']:4} right {table[system]['miss']:4} wrong")
    print(f"\n{hits} of {decidable} decidable; certain and wrong: {', '.join(wrong_and_certain) or 'none'}")
    return 0 if decidable and hits >= ENOUGH * decidable and not wrong_and_certain else 1


if __name__ == "__main__":
    sys.exit(main())
