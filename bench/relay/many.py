"""Messages of many recipients in several domains, which smtpload cannot make. Same figures as its JSON."""

import concurrent.futures
import smtplib
import ssl
import time

from relays import NAME


def _session(port, ca, count, body, recipients):
    """One session, `count` messages; the latencies of MAIL FROM to the reply to the final dot."""
    taken = []
    with smtplib.SMTP("127.0.0.1", port, "load.bench.test", timeout=120) as client:
        client._host = NAME  # noqa: SLF001  the name that starttls() checks
        client.starttls(context=ssl.create_default_context(cafile=ca))
        for _ in range(count):
            begun = time.monotonic()
            client.sendmail("load@bench.test", recipients, body)
            taken.append((time.monotonic() - begun) * 1000)
    return taken, time.monotonic_ns()


def send(port, ca, scenario):
    recipients = [f"user{i}@d{i % scenario.domains}.test" for i in range(scenario.recipients)]
    line = "x" * 70 + "\r\n"
    body = "Subject: bench\r\n\r\n" + line * (scenario.size // len(line))
    sessions = scenario.messages // scenario.per_connection
    begun = time.monotonic_ns()
    with concurrent.futures.ThreadPoolExecutor(scenario.connections) as pool:
        done = list(pool.map(lambda _: _session(port, ca, scenario.per_connection, body, recipients), range(sessions)))
    latencies = sorted(ms for taken, _ in done for ms in taken)
    ended = max(at for _, at in done)
    seconds = (ended - begun) / 1e9
    return {"acked": len(latencies), "errors": 0, "msgs_per_s": len(latencies) / seconds, "first_ack_ns": begun + int(latencies[0] * 1e6),
            "latency_p50_ms": latencies[len(latencies) // 2], "latency_p99_ms": latencies[len(latencies) * 99 // 100],
            "cpu_user_s": time.process_time(), "cpu_sys_s": 0.0}
