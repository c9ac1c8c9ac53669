"""The test kit: other people's mail servers, a private CA, mail to inject and its comparison.

Standard library only. Tests put test/ on their path and `from kit import ca, inject, peers`.
Nothing here sleeps for a guessed time: every wait is for an event and has a deadline.
"""

import fcntl
import os
import random
import socket
import tempfile
import time

# A deadline is there to end a broken run, not to measure: two slow cores with everything else
# running at once must still meet it.
DEADLINE = 60.0
POLL = 0.02

_ports = {}


def wait_for(condition, what, deadline=DEADLINE):
    """Polls condition() until it returns something true and returns that."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {deadline:g} s for {what}")
        time.sleep(POLL)


def free_port():
    """A loopback TCP port that no other test takes while this process lives.

    Below the kernel's ephemeral range, so that no outgoing connection gets it either, and held by
    a lock file, since tests run in parallel and the port is bound only later, by someone else.
    """
    held = os.path.join(tempfile.gettempdir(), f"postern-test-ports-{os.getuid()}")
    os.makedirs(held, exist_ok=True)
    for _ in range(10000):
        port = random.randrange(12000, 32000)
        if port in _ports:
            continue
        lock = os.open(os.path.join(held, str(port)), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _ports[port] = lock
        return port
    raise OSError("no free port between 12000 and 32000")


def wait_greeting(port, host="127.0.0.1", alive=None, deadline=DEADLINE):
    """Waits until something greets with 220 at host:port. alive() may raise to end the wait."""

    def greets():
        if alive:
            alive()
        try:
            with socket.create_connection((host, port), timeout=2) as s:
                line = s.recv(512)
                s.sendall(b"QUIT\r\n")
                return line.startswith(b"220")
        except OSError:
            return False

    wait_for(greets, f"a greeting at {host}:{port}", deadline)
