#!/usr/bin/env python3
"""The README's samples are what the program prints.

    samples.py --postern ./postern --readme README.md [--write]

Each sample stands between <!-- sample:NAME --> and <!-- sample:end -->. Dates, digests, spans and the ports of one run are
aside; a sample that is cut says so by "…" in its last line. --write puts the output there.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

from tour import Tour, steady, wait_for

BEGIN, END = "<!-- sample:{} -->", "<!-- sample:end -->"
# Beside what varies in the tour.
VARIES = [
    (re.compile(r"\b[0-9A-Fa-f]{40,64}\b"), "DIGEST"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\b\d+d\b"), "SPAN"),
]
PENDING = """\
TlsDomain          : mail.protection.outlook.com
LastError          : [{LED=451 4.4.0 Primary target IP address responded with: "454 4.7.5 The certificate specified in
TlsCertificateName of the SendConnector could not be found."};{MSG=};{FQDN=};{IP=};{LRT=}]
"""


class Samples:
    def __init__(self, tour):
        self.tour = tour

    def postern(self, line, expect, cut=None, beside=()):
        """What `./postern LINE` prints, from a line that holds `cut` on left out. `beside`: arguments that are not shown."""
        done = subprocess.run([self.tour.postern, *line.split(), *beside], capture_output=True, text=True, timeout=60,
                              cwd=self.tour.dir, env={**os.environ, "POSTERN_CONFIG": self.tour.config})
        assert done.returncode == expect, f"{line}: exit status {done.returncode}, expected {expect}\n{done.stdout}{done.stderr}"
        shown = done.stdout.replace(self.tour.dir + "/", "")
        for port, name in self.tour.ports.items():
            shown = shown.replace(port, name)
        kept = []
        for row in shown.rstrip().split("\n"):
            if cut and cut in row:
                kept.append("…")
                break
            kept.append(row)
        return f"$ ./postern {line}\n" + "\n".join(kept) + "\n"

    def named(self, names):
        """What a certificate presented on the partner's port bears: the gateway has taken the file up."""
        wait_for(lambda: names in self.tour.presented(), f"the gateway to present {names}")

    def check(self):
        sound = self.postern("check partner.example", 0, cut="As each kind of sender")
        self.tour.lines.clear()
        self.tour.put_certificate("wrong")
        self.named("mail.somebody-else.example")
        broken = self.postern("check partner.example", 1, cut="DNS:")
        copied = "".join(line + "\n" for line in self.tour.lines if line)
        self.tour.put_certificate("right")
        return sound + "\n" + copied + broken

    def preflight(self):
        safe = self.postern("preflight --cert tls/right.pem --key tls/right.key --replaces partner", 0, cut="What is presented")
        broken = self.postern("preflight --cert tls/wrong.pem --key tls/wrong.key --replaces partner", 1)
        return broken + "\n" + safe

    def verify(self):
        return (self.postern("verify --chain tls/right.pem --anchors tls/root.pem --name partner.example", 0) + "\n" +
                self.postern("verify --chain tls/wrong.pem --anchors tls/root.pem --name partner.example", 1))

    def explain(self):
        with open(self.tour.path("pending.txt"), "w", encoding="utf-8") as f:
            f.write(PENDING)
        return "$ cat pending.txt\n" + PENDING + self.postern("explain pending.txt", 1)


def normal(sample):
    for pattern, name in VARIES:
        sample = pattern.sub(name, sample)
    return steady(sample)


def hold(text, name, shown, write):
    """The README's text, with this sample held to `shown`, or with it put there."""
    begin = BEGIN.format(name)
    assert text.count(begin) == 1, f"the README has no {begin}"
    head, rest = text.split(begin)
    sample, tail = rest.split(END, 1)
    if write:
        return head + begin + "\n```\n" + shown + "```\n" + END + tail
    sample = sample.strip().removeprefix("```").removesuffix("```")
    assert normal(shown) == normal(sample), (f"sample {name}: the README shows\n{sample}\nthe program prints\n{shown}\n"
                                             "make it so: samples.py --readme README.md --write")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postern", required=True)
    parser.add_argument("--readme", required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    tour = Tour(options.postern)
    try:
        tour.prepare()
        samples = Samples(tour)
        with open(options.readme, encoding="utf-8") as f:
            text = f.read()
        for name in ("check", "preflight", "verify", "explain"):
            text = hold(text, name, getattr(samples, name)(), options.write)
        if options.write:
            with open(options.readme, "w", encoding="utf-8") as f:
                f.write(text)
    finally:
        code = tour.end()
        shutil.rmtree(tour.dir, ignore_errors=True)
    assert code == 0, f"the gateway ended with {code}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
