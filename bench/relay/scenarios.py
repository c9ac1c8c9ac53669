"""What is measured. A scenario is data; run.py does the work."""

import dataclasses

KIB = 1024


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    words: str
    messages: int
    size: int = 4 * KIB
    connections: int = 50
    per_connection: int = 1
    encrypted: bool = True
    recipients: int = 1
    domains: int = 1
    held_first: bool = False  # the next hop is away until all is accepted
    bystanders: int = 0  # clients that connect, say EHLO and stall


ALL = [
    Scenario("one", "4 KiB, one message per connection", 4000),
    Scenario("twenty", "4 KiB, twenty per connection", 8000, per_connection=20),
    Scenario("100k", "100 KiB, twenty per connection", 2000, size=100 * KIB, per_connection=20),
    Scenario("10m", "10 MiB, one per connection", 40, size=10 * KIB * KIB, connections=8),
    Scenario("clear", "4 KiB, twenty per connection, clear text", 8000, per_connection=20, encrypted=False),
    Scenario("fifty", "4 KiB, 50 recipients in 5 domains", 400, connections=10, per_connection=20, recipients=50, domains=5),
    Scenario("backlog", "4 KiB, 20,000 held, then released", 20000, per_connection=20, held_first=True),
    Scenario("stalled", "4 KiB, twenty per connection, beside 200 stalled clients", 8000, per_connection=20, bystanders=200),
]


def scaled(scenario, share):
    """The same with fewer messages, at least one session each."""
    least = scenario.connections * scenario.per_connection
    return dataclasses.replace(scenario, messages=max(least, int(scenario.messages * share)))
