"""What a relay costs: CPU and memory of its whole process tree, from /proc.

A process's own figures hold the CPU of children that it has waited for, so the sum over the living
members of a tree, own and waited-for, is the whole, as long as the eldest lives.
"""

import os
import threading

_TICK = os.sysconf("SC_CLK_TCK")
_SAMPLE = 0.25  # seconds between two looks at memory


def _stat(pid):
    with open(f"/proc/{pid}/stat", "rb") as f:
        return f.read().rpartition(b") ")[2].split()


def tree(eldest):
    """The living members of a process's tree."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(_stat(entry)[1])
            except OSError:
                continue
    members, grown = {eldest}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in members} - members
        members |= more
        grown = bool(more)
    return members


def cpu(eldest):
    """Seconds of CPU that the tree has used, in user and system."""
    ticks = 0
    for pid in tree(eldest):
        try:
            fields = _stat(pid)
        except OSError:
            continue
        ticks += sum(int(f) for f in fields[11:15])  # utime stime cutime cstime
    return ticks / _TICK


def memory(eldest):
    """Octets of the tree, pages that several share counted once (Pss)."""
    total = 0
    for pid in tree(eldest):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total * 1024


class Meter:
    """CPU and peak memory of a tree between entry and exit of a `with`."""

    def __init__(self, eldest):
        self.eldest, self.cpu, self.peak, self.before = eldest, 0.0, 0, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._done.wait(_SAMPLE):
            self.peak = max(self.peak, memory(self.eldest))

    def __enter__(self):
        self._begun = cpu(self.eldest)
        self.before = self.peak = memory(self.eldest)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self.cpu = cpu(self.eldest) - self._begun
        self.peak = max(self.peak, memory(self.eldest))
