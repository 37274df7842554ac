#!/usr/bin/python3
"""journal.py FILE HOST PORT [DELAY_MS [IDLE_SECONDS]]: an SMTP server that can
be believed.

Each mail is written to the end of FILE before its 250 is sent: a line
"ACCEPTED_NS SIZE SENDER RECIPIENT" and the SIZE raw bytes, where ACCEPTED_NS is
the time (CLOCK_MONOTONIC) at which its connection was accepted. It is a process
of its own: nothing that happens to the daemon or to the tests changes it.

DELAY_MS is the most by which it dawdles, half of it before the mail is written
and half before the 250 is sent. A peer that says nothing for IDLE_SECONDS gets a
421 and is left, as real servers do after some minutes.
"""
import asyncio
import itertools
import os
import random
import re
import signal
import sys
import time

numbers = itertools.count(1)
REPLIES = {
    b"EHLO": b"250-journal\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES",
    b"MAIL": b"250 2.1.0 Ok", b"RCPT": b"250 2.1.5 Ok", b"DATA": b"354 go on",
    b"RSET": b"250 2.0.0 Ok", b"NOOP": b"250 2.0.0 Ok", b"HELO": b"250 journal",
    b"QUIT": b"221 2.0.0 Bye"}


class Session(asyncio.Protocol):
    def __init__(self, file, delay_s, idle_s):
        self.file, self.delay_s, self.idle_s = file, delay_s, idle_s
        self.buffer, self.looked = bytearray(), 0
        self.is_mail = self.is_busy = False
        self.envelope, self.timer = {}, None
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport):
        self.accepted_ns = time.monotonic_ns()
        self.transport = transport
        self.say(b"220 journal ESMTP")

    def connection_lost(self, _):
        if self.timer:
            self.timer.cancel()

    def say(self, reply):
        self.transport.write(reply + b"\r\n")
        if self.idle_s:
            if self.timer:
                self.timer.cancel()
            self.timer = self.loop.call_later(self.idle_s, self.leave,
                                              b"421 4.4.2 timed out")

    def leave(self, reply):
        self.transport.write(reply + b"\r\n")
        self.transport.close()

    def data_received(self, data):
        self.buffer += data
        self.work()

    def take(self, end):
        """What stands before that end, if it has arrived; without it."""
        at = self.buffer.find(end, max(0, self.looked - len(end)))
        self.looked = len(self.buffer) if at < 0 else 0
        if at < 0:
            return None
        taken = bytes(self.buffer[:at])
        del self.buffer[:at + len(end)]
        return taken

    def work(self):
        while not self.is_busy:
            taken = self.take(b"\r\n.\r\n" if self.is_mail else b"\r\n")
            if taken is None:
                return
            if self.is_mail:
                self.take_mail(taken)
            else:
                self.obey(taken)

    def obey(self, line):
        verb, _, rest = line.partition(b" ")
        verb = verb.upper()
        if verb == b"QUIT":
            self.leave(REPLIES[verb])
            return
        if verb in (b"MAIL", b"RCPT"):
            self.envelope[verb] = re.search(rb"<(.*?)>", rest)[1]
        self.is_mail = verb == b"DATA"
        self.say(REPLIES.get(verb, b"500 5.5.2 unknown"))

    def take_mail(self, stuffed):
        self.is_mail, self.is_busy = False, True
        mail = re.sub(rb"(?m)^\.", b"", stuffed) + b"\r\n"
        self.loop.call_later(self.dawdle(), self.keep, mail)

    def dawdle(self):
        return random.random() * self.delay_s / 2

    def keep(self, mail):
        os.write(self.file, b"%d %d %s %s\n" % (
            self.accepted_ns, len(mail), self.envelope[b"MAIL"],
            self.envelope[b"RCPT"]) + mail)
        # the doubtful moment: it is taken, and the client does not know yet
        self.loop.call_later(self.dawdle(), self.accept)

    def accept(self):
        self.is_busy = False
        self.say(b"250 2.0.0 Ok: queued as J%06d" % next(numbers))
        self.work()


async def main(path, host, port, delay_ms=0, idle_seconds=0):
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    loop = asyncio.get_running_loop()
    await loop.create_server(
        lambda: Session(file, float(delay_ms) / 1000, float(idle_seconds)),
        host, int(port), backlog=128)
    end = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, end.set)
    await end.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
