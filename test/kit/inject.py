"""Mail to send, remembered, and compared with what arrived.

    sent = inject.send("127.0.0.1", port, 1000, recipient="bob@partner.example", connections=4)
    result = inject.compare(sent, peer.messages())
    assert result.ok, result

The bodies hold what breaks careless software: lines that start with dots, lines of a lone dot,
"From " lines, trailing blanks, empty lines at the end, 8-bit text, lines as long as RFC 5321
allows (998 octets). They are made from the seed, so a failure can be repeated.
"""

import dataclasses
import hashlib
import queue
import random
import smtplib
import ssl
import threading
import time

from kit import DEADLINE, POLL

ID = b"X-Test-Id"
LINE = 998  # RFC 5321 4.5.3.1.6: 1000 octets with CRLF
SIZES = (0, 1, 200, 2_000, 2_000, 2_000, 20_000, 20_000, 200_000)


@dataclasses.dataclass
class Sent:
    """What was handed over: test id → sha256 of the body, by how far each got."""

    acknowledged: dict = dataclasses.field(default_factory=dict)  # 250 was read
    unsure: dict = dataclasses.field(default_factory=dict)  # DATA begun, connection lost before its reply
    refused: dict = dataclasses.field(default_factory=dict)  # test id → the reply or error

    def __len__(self):
        return len(self.acknowledged) + len(self.unsure) + len(self.refused)


@dataclasses.dataclass
class Result:
    lost: list  # acknowledged, not arrived
    duplicate: list  # arrived more than once
    differing: list  # arrived with another body
    foreign: list  # arrived, never sent

    @property
    def ok(self):
        return not (self.lost or self.duplicate or self.differing or self.foreign)


def body(random_, size, line=LINE):
    """About `size` octets of difficult text, CRLF line ends."""
    text = "Grüße, naïve façade, ελληνικά, кириллица, 日本語 "
    lines, length = [], 0
    while length < size:
        kind = random_.randrange(12)
        if kind == 0:
            out = b"." * random_.randrange(1, 4)
        elif kind == 1:
            out = b"." + bytes(random_.choices(range(33, 127), k=random_.randrange(60)))
        elif kind == 2:
            out = b""
        elif kind == 3:
            out = b"From someone on a Monday"
        elif kind == 4:
            out = b"trailing blanks \t  "
        elif kind == 5:
            out = b"." + b"x" * (line - 1)
        elif kind == 6:
            # Exactly the limit, and 8-bit throughout, in whole characters.
            out = "ä".encode() * (line // 2)
        elif kind == 7:
            out = bytes(random_.choices(range(160, 256), k=70))  # 8-bit that is not UTF-8
        else:
            start = random_.randrange(len(text))
            out = (text[start:] + text).encode()
        lines.append(out)
        length += len(out) + 2
    if size and random_.randrange(3) == 0:
        lines += [b""] * random_.randrange(1, 4)
    return b"".join(line + b"\r\n" for line in lines)


def message(test_id, content, sender, recipient):
    return b"\r\n".join([
        b"Date: Thu, 01 Jan 2026 12:00:00 +0000",
        b"From: <" + sender.encode() + b">",
        b"To: <" + recipient.encode() + b">",
        b"Subject: test " + test_id.encode(),
        b"Message-ID: <" + test_id.encode() + b"@kit.test>",
        ID + b": " + test_id.encode(),
        b"MIME-Version: 1.0",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: 8bit",
        b"", b""]) + content


def tls_context(ca, certificate=None):
    """A client's context: verifies against the file `ca`, presents `certificate` (a ca.Leaf)."""
    context = ssl.create_default_context(cafile=str(ca))
    if certificate:
        context.load_cert_chain(str(certificate.chain), str(certificate.key))
    return context


def connect(host, port, starttls=None, name=None, helo="kit.test", timeout=DEADLINE):
    """An smtplib session after EHLO, and after STARTTLS if a context is given; name: whom to verify."""
    client = smtplib.SMTP(local_hostname=helo, timeout=timeout)
    client.connect(host, port)
    if starttls:
        client._host = name or host  # smtplib verifies the name it connected to and takes no other
        client.ehlo()
        client.starttls(context=starttls)
    client.ehlo()
    return client


def send(host, port, count, *, recipient, sender="alice@sender.test", connections=4, seed=1, sizes=SIZES, line=LINE,
         starttls=None, name=None, per_connection=50, lossy=False, deadline=300.0, on_sent=None):
    """Sends `count` messages, each to the one recipient, and returns Sent.

    sizes: drawn from for each message. per_connection: a new connection after that many.
    lossy: the server may die meanwhile; connections are made anew until `deadline`, what was in
    flight is noted as unsure and not repeated. Otherwise the first lost connection is raised.
    on_sent(sent) is called after each message, to let a test act in the middle of the stream.
    """
    sent, lock, failures = Sent(), threading.Lock(), []
    todo = queue.SimpleQueue()
    for i in range(count):
        todo.put(i)
    end = time.monotonic() + deadline
    # Two calls with one seed must still give different ids, or the second would seem duplicates.
    run = f"{seed}-{random.randrange(1 << 32):08x}"

    def one(client, i):
        test_id = f"{run}-{i}"
        random_ = random.Random(f"{seed}/{i}")
        content = body(random_, random_.choice(sizes), line)
        digest = hashlib.sha256(content).hexdigest()
        begun = False
        try:
            options = ["BODY=8BITMIME"] if client.has_extn("8bitmime") else []
            code, text = client.mail(sender, options)
            if code == 250:
                code, text = client.rcpt(recipient)
            if code in (250, 251):
                begun = True
                code, text = client.data(message(test_id, content, sender, recipient))
        except smtplib.SMTPDataError as refused:  # instead of 354
            code, text = refused.smtp_code, refused.smtp_error
        except (smtplib.SMTPException, OSError):
            with lock:
                (sent.unsure if begun else sent.refused)[test_id] = digest if begun else "connection lost"
            raise
        with lock:
            if begun and code == 250:
                sent.acknowledged[test_id] = digest
            else:
                sent.refused[test_id] = f"{code} {text.decode('utf-8', 'replace')}"
            if on_sent:
                on_sent(sent)
        if test_id in sent.refused:
            client.rset()

    def work():
        client, used, i = None, 0, None
        while not failures:
            try:
                if i is None:
                    i = todo.get_nowait()
                if client is None:
                    client, used = connect(host, port, starttls, name), 0
                at, i = i, None
                one(client, at)
                used += 1
                if used >= per_connection:
                    client.quit()
                    client = None
            except queue.Empty:
                break
            except (smtplib.SMTPException, OSError) as error:
                client = None
                if not lossy or time.monotonic() > end:
                    failures.append(error)
                    return
                time.sleep(POLL)  # the next attempt to connect, until the deadline
        if client:
            try:
                client.quit()
            except (smtplib.SMTPException, OSError):
                pass

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(connections, count))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end + DEADLINE - time.monotonic()))
    if failures:
        raise failures[0]
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError(f"{len(sent)} of {count} messages sent in {deadline:g} s")
    return sent


def split(raw):
    """Header and body of a message, both with CRLF whichever line end the mailbox uses."""
    crlf = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    header, _, content = crlf.partition(b"\r\n\r\n")
    return header + b"\r\n", content


def field(raw, name):
    """The values of a header field, unfolded, topmost first."""
    name = (name.encode() if isinstance(name, str) else name).lower()
    values = []
    for line in split(raw)[0].split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            if values and values[-1] is not None:
                values[-1] += b" " + line.strip()
        else:
            found, _, value = line.partition(b":")
            values.append(value.strip() if found.strip().lower() == name else None)
    return [v.decode("utf-8", "replace") for v in values if v is not None]


def compare(sent, arrived):
    """What became of the mail. `arrived`: the raw messages. Bodies are compared as octets; only the
    line end of the mailbox format (LF) is taken back to CRLF first."""
    digests = {**sent.unsure, **sent.acknowledged}
    seen, result = set(), Result([], [], [], [])
    for raw in arrived:
        test_id = (field(raw, ID) or [""])[0]
        if test_id not in digests:
            result.foreign.append(test_id or raw[:200])
            continue
        if test_id in seen:
            result.duplicate.append(test_id)
        seen.add(test_id)
        if hashlib.sha256(split(raw)[1]).hexdigest() != digests[test_id]:
            result.differing.append(test_id)
    result.lost = [i for i in sent.acknowledged if i not in seen]
    return result
