#!/usr/bin/python3
"""journal.py FOLDER PORT [DELAY_MS]: an SMTP server that can be believed.

Each mail is a file of its raw bytes, durable before the 250 is sent, named
ACCEPTED_NS-NUMBER.eml after the time (CLOCK_MONOTONIC) at which its connection
was accepted; the envelope stands in two lines before the bytes. It is a process
of its own: nothing that happens to the daemon or to the tests changes it.
"""
import itertools
import os
import random
import socketserver
import sys
import time
from pathlib import Path

numbers = itertools.count(1)


class Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, reply):
        self.wfile.write(reply.encode() + b"\r\n")

    def handle(self):
        try:
            self.converse()
        except (ConnectionError, EOFError):
            pass

    def line(self):
        line = self.rfile.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        return line

    def converse(self):
        self.accepted_ns = time.monotonic_ns()
        sender, recipients = None, []
        self.say("220 journal ESMTP")
        while True:
            line = self.line().decode("utf-8", "replace").strip()
            verb = line[:4].upper()
            if verb == "EHLO":
                self.say("250-journal\r\n250 ENHANCEDSTATUSCODES")
            elif verb == "MAIL":
                sender, recipients = line.partition(":")[2], []
                self.say("250 2.1.0 Ok")
            elif verb == "RCPT":
                recipients.append(line.partition(":")[2])
                self.say("250 2.1.5 Ok")
            elif verb == "DATA":
                self.say("354 go on")
                self.keep(sender, recipients, self.read_mail())
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            elif verb in ("RSET", "NOOP", "HELO"):
                self.say("250 2.0.0 Ok")
            else:
                self.say("500 5.5.2 unknown")

    def read_mail(self):
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def keep(self, sender, recipients, mail):
        number = next(numbers)
        final = self.server.folder / f"{self.accepted_ns}-{number:06}.eml"
        draft = final.with_suffix(".part")
        with open(draft, "wb") as file:
            file.write(f"{sender}\n{' '.join(recipients)}\n".encode() + mail)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(final)
        os.fsync(self.server.folder_fd)
        # the doubtful moment: it is taken, and the client does not know yet
        time.sleep(random.random() * self.server.delay_s)
        self.say(f"250 2.0.0 Ok: queued as J{number:06}")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128


def main(folder, port, delay_ms=0):
    with Server(("127.0.0.1", int(port)), Session) as server:
        server.folder = Path(folder)
        server.folder_fd = os.open(folder, os.O_RDONLY)
        server.delay_s = float(delay_ms) / 1000
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
