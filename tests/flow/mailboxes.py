"""Mailboxes for mail that comes back: a Maildir, and Dovecot on loopback."""
import contextlib
import email.utils
import imaplib
import os
import pwd
import shutil
import ssl
import subprocess
from pathlib import Path

from servers import free_port, is_listening, let_through, until

DONE, NOT_UNDERSTOOD = "briefingd-done", "briefingd-not-understood"


def returned(mail, status="5.1.1", text="550 5.1.1 No such user",
             action="failed", recipient=None, with_token=True,
             with_message_id=True, size=0):
    """What Postfix would send to the envelope sender of that mail."""
    to = mail.sender if with_token else "learning-bounce@severnside.example"
    headers = mail.raw.split(b"\r\n\r\n")[0].decode()
    if not with_message_id:
        headers = "Subject: a mail of somebody else"
    lines = f"""\
Return-Path: <>
Delivered-To: {to}
Received: from mx by here; {email.utils.formatdate()}
From: MAILER-DAEMON@mx.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"
Message-Id: {email.utils.make_msgid(domain="mx.example")}

--b1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.
{"x" * size}
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient or mail.recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {text}

--b1
Content-Type: text/rfc822-headers

{headers}

--b1--
"""
    return lines.replace("\r\n", "\n").encode()


def written(sender, to, subject="Re: Learning briefing", headers="",
            text="I have moved to another team.\n"):
    """A mail that a person or a machine wrote."""
    return (f"Return-Path: <{sender}>\nDelivered-To: {to}\n"
            f"From: Somebody <{sender}>\nTo: {to}\nSubject: {subject}\n"
            f"Message-ID: {email.utils.make_msgid(domain='mx.example')}\n"
            f"Date: {email.utils.formatdate()}\n{headers}"
            f"MIME-Version: 1.0\nContent-Type: text/plain\n\n{text}").encode()


def replied(mail, at, text="Read.\n", sender=None, to=None, headers="",
            host="mx.severnside.example",
            result="dmarc=pass header.from=police.example"):
    """What a reader of the mail wrote to its Reply-To, as the server of their
    own brings it and ours, of that name, took it."""
    sender = sender or mail.message["To"].addresses[0].addr_spec
    to = to or mail.message["Reply-To"]
    return (f"Return-Path: <{sender}>\nDelivered-To: {to}\n"
            f"Authentication-Results: {host}; {result}\n"
            f"Received: from x (x [192.0.2.1]) by {host} with ESMTPS id 1;\n"
            f"\t{email.utils.format_datetime(at)}\n{headers}"
            f"From: Somebody <{sender}>\nTo: {to}\n"
            f"Subject: Re: {mail.message['Subject']}\n"
            f"Message-ID: {email.utils.make_msgid(domain='x.example')}\n"
            f"In-Reply-To: {mail.message['Message-ID']}\n"
            "MIME-Version: 1.0\nContent-Type: text/plain\n\n"
            f"{text}\n> On Friday the Board wrote:\n> Read this.\n").encode()


def spam_report(mail):
    """What a provider sends when its user pressed "spam" (RFC 5965)."""
    original = mail.raw.decode().replace("\r\n", "\n")
    return (f"Return-Path: <>\nDelivered-To: {mail.sender}\n"
            "From: feedback@mx.example\nTo: learning@severnside.example\n"
            "Subject: FW: Learning briefing\nMIME-Version: 1.0\n"
            "Content-Type: multipart/report; report-type=feedback-report;"
            ' boundary="b1"\n\n--b1\nContent-Type: text/plain\n\n'
            "This is an email abuse report.\n\n--b1\n"
            "Content-Type: message/feedback-report\n\n"
            "Feedback-Type: abuse\nUser-Agent: Feedback/1.0\nVersion: 1\n"
            f"Original-Mail-From: <{mail.sender}>\n\n--b1\n"
            f"Content-Type: message/rfc822\n\n{original}\n--b1--\n"
            ).encode()


class Maildir:
    kind = "maildir"
    number = 0

    def __init__(self, folder):
        self.path = Path(folder) / "Maildir"
        for name in ("tmp", "new", "cur"):
            (self.path / name).mkdir(parents=True)

    @property
    def settings(self):
        return {"kind": "maildir", "path": str(self.path), "poll_seconds": 1}

    def deliver(self, raw):
        Maildir.number += 1
        name = f"{1000000 + Maildir.number}.M{Maildir.number}.host"
        (self.path / "tmp" / name).write_bytes(raw)
        (self.path / "tmp" / name).rename(self.path / "new" / name)

    def mails(self, folder=None):
        path = self.path / f".{folder}" if folder else self.path
        return [file.read_bytes() for part in ("new", "cur")
                for file in sorted((path / part).glob("*"))]


class Dovecot:
    """IMAP with TLS only, IDLE and MOVE, one user. Needs root, as Dovecot
    does to have users of its own."""
    kind = "imap"
    user, password = "bounce", "correct horse"

    def __init__(self, folder, authority, implicit=True, wrong=False,
                 capability="", asks=None):
        """asks: where it asks whether a token is good (RFC 7662)."""
        self.asks = asks
        self.folder = Path(folder) / "dovecot"
        self.authority, self.implicit = authority, implicit
        self.wrong, self.capability = wrong, capability
        self.port, self._client = free_port(), None
        (self.folder / "home").mkdir(parents=True)
        let_through(self.folder)
        shutil.chown(self.folder / "home", "nobody", "nogroup")
        self._write_settings()
        self.start()

    # what a kind of it has besides
    protocols, more_settings = "imap", ""

    @property
    def home(self):
        return self.folder / "home" / self.user

    def _write_settings(self):
        cert, key = (self.authority.wrong_cert, self.authority.wrong_key) \
            if self.wrong else (self.authority.cert, self.authority.key)
        listener, other = ("imaps", "imap") if self.implicit \
            else ("imap", "imaps")
        (self.folder / "users").write_text(
            f"{self.user}:{{PLAIN}}{self.password}\n")
        capability = f"imap_capability = {self.capability}\n" \
            if self.capability else ""
        (self.folder / "oauth2").write_text(
            "introspection_mode = get\n"
            f"introspection_url = {self.asks}?token=\n"
            "username_attribute = username\n"
            "active_attribute = active\nactive_value = true\n")
        oauth = "passdb {\n  driver = oauth2\n  mechanisms = xoauth2\n" \
            f"  args = {self.folder}/oauth2\n}}\n" if self.asks else ""
        mechanisms = "plain login xoauth2" if self.asks else "plain login"
        (self.folder / "dovecot.conf").write_text(f"""\
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/log
protocols = {self.protocols}
listen = 127.0.0.1
ssl = required
ssl_cert = <{cert}
ssl_key = <{key}
ssl_dh =
auth_mechanisms = {mechanisms}
mail_location = maildir:~/Maildir
{capability}{oauth}passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {self.folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={self.folder}/home/%u
}}
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener {listener} {{
    port = {self.port}
  }}
  inet_listener {other} {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
{self.more_settings}""")

    def start(self):
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", self.folder / "dovecot.conf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT)
        until(lambda: is_listening(self.port), "Dovecot listens")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def kill(self):
        """The master and all it started, at once."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        log = self.folder / "log"
        print(log.read_text()[-4000:] if log.exists() else "no log")

    @property
    def settings(self):
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o600)
        return {"kind": "imap", "host": "localhost", "port": self.port,
                "tls": "implicit" if self.implicit else "starttls",
                "ca_file": str(self.authority.ca), "user": self.user,
                "password_file": str(secret), "poll_seconds": 1}

    def client(self):
        context = ssl.create_default_context(cafile=self.authority.ca)
        if self.implicit:
            client = imaplib.IMAP4_SSL("localhost", self.port,
                                       ssl_context=context)
        else:
            client = imaplib.IMAP4("localhost", self.port)
            client.starttls(context)
        client.login(self.user, self.password)
        return client

    def _ask(self, question):
        """Over one connection for all, made anew when the server was."""
        for _ in range(2):
            with contextlib.suppress(imaplib.IMAP4.abort, OSError):
                if not self._client:
                    self._client = self.client()
                return question(self._client)
            self._client = None
        raise ConnectionError("Dovecot does not answer")

    def deliver(self, raw):
        self._ask(lambda client: client.append("INBOX", None, None, raw))

    def mails(self, folder="INBOX"):
        def look(client):
            if client.select(folder, readonly=True)[0] != "OK":
                return []
            _, found = client.search(None, "ALL")
            return [client.fetch(number, "(FLAGS BODY.PEEK[])")[1][0][1]
                    for number in found[0].split()]
        return self._ask(look)

    def flags(self, folder):
        def look(client):
            client.select(folder, readonly=True)
            return b" ".join(client.fetch("1:*", "(FLAGS)")[1] or [])
        return self._ask(look)

    def change_validity(self):
        """As after a mailbox was moved or repaired: all UIDs are new."""
        self.stop()
        (self.home / "Maildir/dovecot-uidlist").unlink()
        for index in (self.home / "Maildir").glob("dovecot.index*"):
            index.unlink()
        self.start()


class PostOffice(Dovecot):
    """Takes mail over LMTP too, for the people it knows and for the bounce
    mailbox, each of whom may keep 100 KB. full: whose mailbox is full; is_final:
    what for them is refused, not put off."""
    user = "learning-bounce@severnside.example"
    protocols = "imap lmtp"

    def __init__(self, folder, authority, people, full=(), is_final=True):
        self.lmtp_port, self.people = free_port(), people
        self.more_settings = f"""\
recipient_delimiter = +
userdb {{
  driver = passwd-file
  args = {Path(folder) / "dovecot"}/known
}}
mail_plugins = quota
plugin {{
  quota = maildir:all
  quota_rule = *:storage=100K
}}
quota_full_tempfail = {"no" if is_final else "yes"}
service lmtp {{
  chroot =
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.lmtp_port}
  }}
}}
"""
        super().__init__(folder, authority)
        for person in full:
            self.fill(person)

    def _write_settings(self):
        super()._write_settings()
        # the usual one knows everybody
        path = self.folder / "dovecot.conf"
        conf = path.read_text()
        at = conf.index("userdb {\n  driver = static")
        path.write_text(conf[:at] + conf[conf.index("}\n", at) + 2:])
        ids = pwd.getpwnam("nobody")
        (self.folder / "known").write_text("".join(
            f"{person}::{ids.pw_uid}:{ids.pw_gid}::{self.folder}/home/{person}\n"
            for person in (*self.people, self.user)))

    def fill(self, person):
        cur = self.folder / "home" / person / "Maildir/cur"
        cur.mkdir(parents=True)
        (cur / "1000000.M1.host:2,S").write_bytes(
            b"Subject: an old one\n\n" + b"x" * 101 * 1024)
        for path in (cur.parents[1], cur.parent, cur, *cur.iterdir()):
            shutil.chown(path, "nobody", "nogroup")

    def inbox(self, person):
        return sorted((self.folder / "home" / person).glob("Maildir/new/*"))
