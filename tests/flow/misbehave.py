"""An SMTP server that does one thing wrong, and remembers what it said.

A Script is where (a stage), what (a fault) and when; all else is as it should
be. Each reply ends with a number of its own ("#7"), so that whoever quotes it
shows which reply they read. Judge by `takings`: of each mail whose final dot
came, its raw bytes and the code that was sent for it (0: none).
"""
import contextlib
import random
import re
import select
import socket
import ssl
import struct
import threading
import warnings

# in the order in which a client meets them; "starttls" to "ehlo2" with STARTTLS
# only, "tls" with either TLS, "auth" and "login" where there is a user
STAGES = ("banner", "ehlo", "starttls", "tls", "ehlo2", "auth", "login", "mail",
          "rcpt", "data", "dot", "reset", "quit")
PROPER = {"banner": 220, "ehlo": 250, "starttls": 220, "ehlo2": 250,
          "auth": 334, "login": 235, "mail": 250, "rcpt": 250, "data": 354,
          "dot": 250, "reset": 250, "quit": 221}
AS_USUAL = "as it should be"
PATIENCE_S = 20  # longer than any client here waits


class Gone(Exception):
    """The client went, or the script says that the connection ends."""


class Talk:
    """One connection."""

    def __init__(self, server, sock, number):
        self.server, self.sock, self.number = server, sock, number
        self.script = server.script
        self.pending = bytearray()
        self.is_tls = False
        self.mails = 0       # that this connection began
        self.recipient = ""
        self.taking = None
        self.code = 0        # that was said last

    # --- bytes

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            raise Gone from None

    def receive(self):
        try:
            data = self.sock.recv(65536)
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
        self.pending += data

    def line(self):
        while b"\n" not in self.pending:
            self.receive()
        line, _, self.pending = self.pending.partition(b"\n")
        return bytes(line).rstrip(b"\r").decode("latin-1")

    def mail(self):
        """All up to the final dot, unstuffed."""
        at = 0
        while (end := self.pending.find(b"\r\n.\r\n", at)) < 0:
            at = max(0, len(self.pending) - 4)
            self.receive()
        raw = bytes(self.pending[:end + 2])
        del self.pending[:end + 5]
        return b"\r\n".join(line.removeprefix(b".")
                            for line in raw.split(b"\r\n"))

    def wait(self, seconds=PATIENCE_S):
        """For so long, or until the client went or the test is over."""
        # not select: there are thousands of descriptors
        waiter = select.poll()
        waiter.register(self.server.end_fd, select.POLLIN)
        if waiter.poll(seconds * 1000):
            raise Gone

    def stall(self):
        """Says no more, until the client goes away."""
        with contextlib.suppress(OSError):
            self.sock.settimeout(PATIENCE_S)
            while self.sock.recv(65536):
                pass
        raise Gone

    def deafen(self):
        """Reads no more either."""
        self.wait()
        raise Gone

    def drop(self):
        raise Gone

    def reset(self):
        # a raw close: TLS would say goodbye
        fd = self.sock.detach()
        plain = socket.socket(fileno=fd)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
        plain.close()
        raise Gone

    # --- replies

    def reply(self, stage, code=None, text=AS_USUAL):
        """The reply's bytes; what was said is remembered."""
        code = code or PROPER[stage]
        self.code = code
        number = self.server.remember(self, stage, code)
        if (stage, text) == ("dot", AS_USUAL):
            text = f"2.0.0 {text}, queued as Q{number}"
        lines = [f"{text} #{number}"]
        if code == 250 and stage in ("ehlo", "ehlo2"):
            lines[:0] = ["script.example"] + self.extensions()
        if code == 334:
            return b"334 \r\n"
        return "".join(
            f"{code}{' ' if line is lines[-1] else '-'}{line}\r\n"
            for line in lines).encode()

    def extensions(self):
        words = ["8BITMIME", "ENHANCEDSTATUSCODES"]
        if self.server.in_one_go:
            words.append("PIPELINING")
        if self.server.tls == "starttls" and not self.is_tls:
            if not (self.script.fault == "withheld" and
                    self.script.is_now(self, "ehlo")):
                words.append("STARTTLS")
        elif self.server.user:
            words.append("AUTH PLAIN LOGIN")
        return words

    def answer(self, stage):
        """As the script says if this is its stage, else as it should be."""
        if self.script.is_now(self, stage):
            self.server.faulted += 1
            self.script.act(self, stage)
        else:
            self.send(self.reply(stage))

    # --- the dialogue

    def run(self):
        if self.server.tls == "implicit":
            self.start_tls()
        self.answer("banner")
        while True:
            line = self.line()
            verb = line[:4].upper()
            if verb in ("EHLO", "HELO"):
                self.answer("ehlo2" if self.is_tls and
                            self.server.tls == "starttls" else "ehlo")
            elif verb == "STAR":
                self.answer("starttls")
                self.start_tls()
            elif verb == "AUTH":
                self.answer("auth")
                self.line()
                self.answer("login")
            elif verb == "MAIL":
                self.mails += 1
                self.recipient = ""
                self.answer("mail")
            elif verb == "RCPT":
                self.recipient = re.search(r"<(.*)>", line)[1]
                self.answer("rcpt")
            elif verb == "DATA":
                self.answer("data")
                if self.code == 354:
                    self.take()
            elif verb == "RSET":
                self.answer("reset")
            elif verb == "QUIT":
                self.answer_quit()
            else:
                self.send(b"502 5.5.1 what?\r\n")

    def take(self):
        if self.script.is_now(self, "middle"):
            self.server.faulted += 1
            self.receive()
            self.script.act(self, "middle")
        raw = self.mail()
        self.taking = Taking(self.recipient, raw)
        self.server.takings.append(self.taking)
        self.answer("dot")
        if self.script.is_now(self, "after"):
            self.server.faulted += 1
            self.script.act(self, "after")

    def answer_quit(self):
        self.server.quits += 1
        self.answer("quit")
        raise Gone

    def start_tls(self):
        if self.script.is_now(self, "tls"):
            self.server.faulted += 1
            self.script.act(self, "tls")
        self.wrap(self.server.authority.context())

    def wrap(self, context):
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (OSError, ssl.SSLError):
            raise Gone from None
        self.is_tls = True


class Taking:
    """A mail whose final dot came, and what was said to it."""

    def __init__(self, recipient, raw):
        self.recipient, self.raw = recipient, raw
        self.code = 0


class Script:
    """fault: a name of FAULTS. On the connection of that number, and of those
    at the mail of that number (0 the first; None: each)."""

    def __init__(self, stage="none", fault="", connection=0, mail=0):
        self.stage, self.fault = stage, fault
        self.connection, self.mail = connection, mail

    def is_now(self, talk, stage):
        if stage != self.stage:
            return False
        if self.connection not in (None, talk.number):
            return False
        is_of_mail = stage in ("mail", "rcpt", "data", "middle", "dot", "after")
        return not is_of_mail or self.mail in (None, talk.mails - 1)

    def act(self, talk, stage):
        FAULTS[self.fault](talk, stage)


class ResetScript(Script):
    """The first mail's recipient is refused, and the fault comes at the reset
    before the next."""

    def is_now(self, talk, stage):
        return talk.number == 0 and talk.mails == 1 and \
            stage in ("rcpt", "reset")

    def act(self, talk, stage):
        FAULTS["refuse" if stage == "rcpt" else self.fault](talk, stage)


# --- what can go wrong, each (talk, stage)

def say(code, text, then=None):
    def fault(talk, stage):
        talk.send(talk.reply(stage, code, text))
        if then:
            then(talk)
    return fault


def nothing(then):
    return lambda talk, stage: then(talk)


def garbage(talk, stage):
    dice = random.Random(f"{stage}")
    talk.send(bytes(dice.randrange(256) for _ in range(300)) + b"\r\n")
    talk.stall()


def wide(talk, stage):
    """A good reply whose one line has 64 KB."""
    data = talk.reply(stage)
    head, text = data[:-2].rsplit(b" ", 1)
    talk.send(head + b" " + b"x" * 65536 + b" " + text + b"\r\n")


def tall(code=None):
    """A reply of 64 KB in lines that are as long as they may be."""
    def fault(talk, stage):
        last = talk.reply(stage, code)
        said = last[:3]
        lines = (said + b"-" + b"y" * 500 + b"\r\n") * 130
        talk.send(lines + last)
    return fault


def half(then, size=2):
    """The reply's first bytes."""
    def fault(talk, stage):
        talk.send(str(PROPER.get(stage, 250)).encode()[:size])
        then(talk)
    return fault


def unended(then):
    """A first line that says that more follow."""
    def fault(talk, stage):
        talk.send(f"{PROPER.get(stage, 250)}-and more\r\n".encode())
        then(talk)
    return fault


def late(talk, stage):
    """The good reply, after the client has given up."""
    talk.wait(talk.server.patience_s + 1.5)
    talk.send(talk.reply(stage))


def endless(talk, stage):
    line = f"{PROPER.get(stage, 250)}-on and on\r\n".encode()
    while True:
        talk.send(line * 10000)
        talk.wait(0.01)


def dribble(talk, stage):
    """A line from time to time: each comes before a client's patience ends."""
    while True:
        talk.send(f"{PROPER.get(stage, 250)}-wait\r\n".encode())
        talk.wait(0.3)


def with_nul(talk, stage):
    data = talk.reply(stage)
    talk.send(data.replace(b"as it", b"as\0it", 1))


def twice(talk, stage):
    talk.send(talk.reply(stage) + talk.reply(stage, text="and again"))


def other(code):
    return say(code, "out of place")


def inject(*lines):
    """The good reply, and behind it what a man in the middle adds."""
    def fault(talk, stage):
        talk.send(talk.reply(stage) + b"".join(
            f"{line}\r\n".encode() for line in lines))
    return fault


def early(talk, stage):
    """Before the go-ahead's last line, so that it surely waits when the mail
    itself would begin, and stands in a packet of its own."""
    talk.send(talk.reply(stage))
    talk.send(b"250 2.0.0 early #0\r\n")


def inject_later(talk, stage):
    """The same in a packet of its own."""
    talk.send(talk.reply(stage))
    talk.wait(0.1)
    talk.send(b"250-evil.example\r\n250 AUTH PLAIN\r\n")


def tls_with(certificate):
    def fault(talk, stage):
        talk.wrap(talk.server.authority.context_of(certificate))
        talk.stall()  # never reached by an honest client
    return fault


def tls_of_old(talk, stage):
    context = talk.server.authority.context()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    talk.wrap(context)
    talk.stall()


def tls_words(words):
    def fault(talk, stage):
        talk.send(words)
        talk.stall()
    return fault


def tls_then(then):
    """A good handshake, and then nothing more."""
    def fault(talk, stage):
        talk.wrap(talk.server.authority.context())
        then(talk)
    return fault


def unasked(words, then=None):
    """Some time after the last reply, on the idle connection."""
    def fault(talk, stage):
        talk.wait(0.05)
        if words:
            talk.send(words)
        if then:
            then(talk)
    return fault


def glued(words):
    """At once: it stands behind the last reply, or close to it."""
    return lambda talk, stage: talk.send(words)


FAULTS = {
    "refuse": say(550, "5.7.1 no"),
    "refuse-drop": say(554, "5.7.1 no", Talk.drop),
    "later": say(450, "4.2.0 not now"),
    "421": say(421, "4.3.2 going", Talk.drop),
    "421-stay": say(421, "4.3.2 going"),
    "stall": nothing(Talk.stall), "drop": nothing(Talk.drop),
    "rst": nothing(Talk.reset), "deaf": nothing(Talk.deafen),
    "garbage": garbage, "wide": wide, "tall": tall(), "tall-refuse": tall(550),
    "half-drop": half(Talk.drop), "half-stall": half(Talk.stall),
    "code-drop": half(Talk.drop, 3), "unended-drop": unended(Talk.drop),
    "unended-stall": unended(Talk.stall), "unended-rst": unended(Talk.reset),
    "late": late, "endless": endless, "dribble": dribble, "nul": with_nul,
    "twice": twice, "354": other(354), "250": other(250), "199": other(199),
    "221": other(221), "999": other(999), "251": other(251),
    # a reply to the dot, before there is one
    "early-250": inject("250 2.0.0 early #0"), "early-wait": early,
    # TLS
    "withheld": lambda talk, stage: talk.send(talk.reply(stage)),
    "inject": inject("250-evil.example", "250 AUTH PLAIN"),
    "inject-220": inject("220 go on"), "inject-later": inject_later,
    "wrong-name": tls_with("wrong"), "stranger": tls_with("stranger"),
    "expired": tls_with("expired"), "old": tls_of_old,
    "plain": tls_words(b"250 never mind TLS\r\n"),
    "noise": tls_words(b"\x16\x03\x01\x00\x05hello" + bytes(300)),
    "alert": tls_words(b"\x15\x03\x03\x00\x02\x02\x28"),
    "shaken-drop": tls_then(Talk.drop), "shaken-rst": tls_then(Talk.reset),
    "shaken-stall": tls_then(Talk.stall),
    # between two mails
    "idle-drop": unasked(b"", Talk.drop), "idle-rst": unasked(b"", Talk.reset),
    "idle-421": unasked(b"421 4.4.2 idle #0\r\n", Talk.drop),
    "idle-451": unasked(b"451 4.4.2 idle #0\r\n", Talk.drop),
    "idle-554": unasked(b"554 5.4.2 idle #0\r\n", Talk.drop),
    "idle-554-stay": unasked(b"554 5.4.2 idle #0\r\n"),
    "idle-250": unasked(b"250 2.0.0 once more #0\r\n"),
    "idle-354": unasked(b"354 go on #0\r\n"),
    "idle-garbage": unasked(bytes(range(128, 256)) + b"\r\n"),
    "idle-wide": unasked(b"250 " + b"x" * 65536 + b" #0\r\n"),
    "idle-half": unasked(b"55"), "idle-nul": unasked(bytes(500)),
    "glued-250": glued(b"250 2.0.0 once more #0\r\n"),
    "glued-550": glued(b"550 5.1.1 once more #0\r\n"),
    "glued-451": glued(b"451 4.4.2 once more #0\r\n"),
    "glued-many": glued(b"250 a #0\r\n250 b #0\r\n354 c #0\r\n250 d #0\r\n"),
}


class Misbehaver:
    """One server with its script, on a port of its own."""

    ca = None

    def __init__(self, script=None, tls="none", authority=None, user="",
                 patience_s=2, in_one_go=False):
        self.script = script or Script()
        self.in_one_go = in_one_go
        self.tls = self.tls_mode = tls
        self.authority, self.user = authority, user
        self.ca, self.password = authority and authority.ca, "correct horse"
        self.patience_s = patience_s  # how long the client waits
        self.talks, self.takings, self.said = [], [], {}
        self.faulted = self.quits = self.connections = 0
        self.lock = threading.Lock()
        self.end_fd, self.end = socket.socketpair()
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        if self.script.fault != "closed":  # else whoever comes is refused
            self.listener.listen(128)
        # else the kernel takes a whole mail of a client that we don't read
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end.close()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for talk in self.talks:
            with contextlib.suppress(OSError):
                talk.sock.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(PATIENCE_S)
        self.end_fd.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            talk = Talk(self, sock, self.connections)
            self.talks.append(talk)
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=[talk],
                                      daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, talk):
        talk.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if talk.script.is_now(talk, "connect"):
                self.faulted += 1
                talk.script.act(talk, "connect")
            talk.run()
        except Gone:
            pass
        finally:
            with contextlib.suppress(OSError):
                talk.sock.shutdown(socket.SHUT_RDWR)
            talk.sock.close()

    # --- what is remembered

    def remember(self, talk, stage, code):
        """A number for a reply that is being sent."""
        with self.lock:
            number = len(self.said) + 1
            self.said[number] = stage, code, talk.recipient, talk.is_tls
            if stage == "dot" and not talk.taking.code:
                talk.taking.code = code
            return number
