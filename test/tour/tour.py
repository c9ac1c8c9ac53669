#!/usr/bin/env python3
"""The five-minute tour by itself: what the README shows, on free ports, every step asserted.

    tour.py --postern ./postern [--readme README.md [--write]]

Sends a message, breaks the partner's certificate, sees the mail held with cause, fault and cure, puts the right certificate
back and sees it delivered by itself. Prints each command with its output. With --readme it holds the README's sample to this
output (ids, times and port numbers of one run aside); --write puts the output there.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from kit import free_port, wait_for, wait_greeting  # noqa: E402

QUICKSTART = os.path.join(os.path.dirname(os.path.dirname(HERE)), "examples", "quickstart")
BEGIN, END = "<!-- tour:begin -->", "<!-- tour:end -->"
# What differs from run to run: ids, digests, times, spans, sizes.
VARIES = [
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{13}\b(?:\.0)?"), "ID"),
    (re.compile(r"\b[0-9A-F]{64}\b"), "SHA256"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "TIME"),
    (re.compile(r"\b\d+ (?:ms|s)\b"), "SPAN"),
    (re.compile(r"\b\d+ octets\b"), "SIZE"),
]
RELEASED_WITHIN = 10.0  # seconds from the cure to the delivery


class Tour:
    def __init__(self, postern):
        self.postern = os.path.abspath(postern)
        self.dir = tempfile.mkdtemp(prefix="postern-tour.")
        self.gateway = None
        self.lines = []

    def say(self, text=""):
        print(text, flush=True)
        self.lines.append(text)

    def prepare(self):
        """A copy of the quickstart on free ports: the user's own may be running."""
        apps, partner = free_port(), free_port()
        with open(os.path.join(QUICKSTART, "postern.toml"), encoding="utf-8") as f:
            text = f.read().replace(":2525", f":{apps}").replace(":2526", f":{partner}")
        self.config = os.path.join(self.dir, "postern.toml")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(text)
        subprocess.run([os.path.join(QUICKSTART, "make-certificates"), self.path("tls")], check=True)
        self.log = open(self.path("gateway.log"), "wb")
        self.gateway = subprocess.Popen([self.postern, "serve", "--config", self.config], stdout=self.log, stderr=self.log)
        wait_greeting(apps, alive=self.check_alive)
        self.ports = {str(apps): "2525", str(partner): "2526"}

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def check_alive(self):
        if self.gateway.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.gateway.returncode}")

    def run(self, *words, expect=0):
        """Runs `postern WORDS`, shows it as a user would see it."""
        done = subprocess.run([self.postern, *words, "--config", self.config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120)
        shown = done.stdout.replace(self.dir + "/", "")
        for port, name in self.ports.items():
            shown = shown.replace(port, name)
        self.say("$ ./postern " + " ".join(words))
        self.say(shown.rstrip())
        self.say()
        assert expect is None or done.returncode == expect, f"exit status {done.returncode}, expected {expect}"
        return done.stdout

    def json(self, *words):
        done = subprocess.run([self.postern, *words, "--json", "--config", self.config], stdout=subprocess.PIPE, text=True, timeout=120)
        return done.stdout

    def queue(self):
        return json.loads(self.json("queue"))

    def put_certificate(self, name):
        """As an administrator copies files: first one, then the other."""
        self.say(f"$ cp tls/{name}.pem tls/partner.pem && cp tls/{name}.key tls/partner.key")
        self.say()
        shutil.copy(self.path("tls", name + ".pem"), self.path("tls", "partner.pem"))
        shutil.copy(self.path("tls", name + ".key"), self.path("tls", "partner.key"))

    def presented(self):
        """Names of the certificate that the partner's side presents now."""
        return self.json("cert", "list")

    def arrived(self, subject):
        """The message of that subject is in the partner's drop directory, once, for bob and nothing else beside the tour's own."""
        folder = self.path("var", "drop")
        names = [f for f in os.listdir(folder) if f.endswith(".eml")] if os.path.isdir(folder) else []
        texts = [open(os.path.join(folder, f), encoding="utf-8").read() for f in names]
        for text in texts:
            assert "Delivered-To: bob@partner.example" in text, "something else was dropped:\n" + text
        found = [t for t in texts if f"\nSubject: {subject}\n" in t]
        assert len(found) <= 1, f"{subject!r} arrived {len(found)} times"
        return bool(found)

    def go(self):
        self.prepare()
        self.say("# 1. Send a message and follow it to its end")
        out = self.run("send", "--to", "bob@partner.example", "--subject", "first")
        assert "delivered" in out, "the first message was not delivered"
        wait_for(lambda: self.arrived("first"), "the first message in the drop directory")

        self.say("# 2. Put a wrong certificate in place: valid, but without the partner's name")
        self.put_certificate("wrong")
        wait_for(lambda: "mail.somebody-else.example" in self.presented(), "the gateway to take the wrong certificate")
        out = self.run("send", "--to", "bob@partner.example", "--subject", "second", "--wait", "8s", expect=1)
        assert "delivered" not in out, "mail went although the certificate is wrong"
        blockers = wait_for(lambda: self.queue()["blockers"], "a blocker")
        assert len(blockers) == 1, blockers
        assert blockers[0]["code"] == "name-mismatch", blockers[0]["code"]
        assert blockers[0]["fault"] == "server", blockers[0]["fault"]
        assert blockers[0]["messages"] == 1, blockers[0]["messages"]
        out = self.run("queue", expect=None)
        assert not self.arrived("second"), "held mail was delivered"
        assert "partner.example" in out and "mail.somebody-else.example" in out, "the cause does not name what was wanted and presented"

        self.say("# 3. Put the right one back: nobody touches anything else")
        self.put_certificate("right")
        wait_for(lambda: self.arrived("second"), "the held message to go by itself", RELEASED_WITHIN)
        wait_for(lambda: not self.queue()["blockers"], "the blocker's end")
        self.run("queue", expect=None)
        out = self.run("trace", "--recipient", "bob@partner.example", "--status", "delivered", "--limit", "1")
        assert re.search(r"delivered", out)
        self.check_alive()

    def end(self):
        if self.gateway and self.gateway.poll() is None:
            self.gateway.terminate()
            self.gateway.wait(timeout=30)
        code = self.gateway.returncode if self.gateway else None
        return code


def steady(text):
    for pattern, name in VARIES:
        text = pattern.sub(name, text)
    # Wrapped lines break elsewhere when a word is longer or shorter.
    return [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]


def hold_readme(path, shown, write):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    head, rest = text.split(BEGIN)
    sample, tail = rest.split(END)
    if write:
        with open(path, "w", encoding="utf-8") as f:
            f.write(head + BEGIN + "\n```\n" + shown + "```\n" + END + tail)
        return
    sample = sample.strip().removeprefix("```").removesuffix("```")
    for ours, theirs in zip(steady(shown), steady(sample)):
        assert ours == theirs, f"the README shows\n  {theirs}\nthe tour shows\n  {ours}\nmake it so: tour.py --readme README.md --write"
    assert len(steady(shown)) == len(steady(sample)), "the README's sample has other steps than the tour"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postern", required=True)
    parser.add_argument("--readme", help="hold its sample to what is shown")
    parser.add_argument("--write", action="store_true", help="with --readme: put what is shown there")
    options = parser.parse_args()
    tour = Tour(options.postern)
    try:
        tour.go()
        code = tour.end()
        assert code == 0, f"the gateway ended with {code}"
    except BaseException:
        tour.end()
        sys.stdout.flush()
        if os.path.exists(tour.path("gateway.log")):
            with open(tour.path("gateway.log"), encoding="utf-8", errors="replace") as f:
                sys.stderr.write("--- gateway's log ---\n" + f.read())
        raise
    finally:
        shutil.rmtree(tour.dir, ignore_errors=True)
    if options.readme:
        hold_readme(options.readme, "\n".join(tour.lines).rstrip() + "\n", options.write)
    print("tour: every step held")


if __name__ == "__main__":
    main()
