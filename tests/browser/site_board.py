"""The sample board, mailed by the real daemon, for browsers to look at.

Its clock is one that the tests move on, so that nobody waits for the seconds
and the days that the rules ask for; the rules themselves stay as they are.
"""
import datetime
import re
import shutil
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/flow"))

from board import Board, libconfig  # noqa: E402
from mailboxes import Maildir, replied  # noqa: E402
from servers import Recorder  # noqa: E402

# what is mailed: name, list, and how many briefings each mail holds
ROUNDS = {"rehearsal": ("youth-justice", 2), "three": ("police", 3),
          "one": ("schools-primary", 1), "attached": ("general-practice", 2)}
# what a confirmation asks there besides the tick
ASKS = {"schools-primary": "code", "general-practice": "email"}
REPLIES = "police"  # may confirm by reply
HOST = "mx.severnside.example"
SHARED = "general-practice"  # each of its mailboxes is read by several people
SECRET = "llr-2026-03-family-t"


class Site:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.recorder = Recorder()
        (self.folder / "board").mkdir()
        self.board = Board(self.folder / "board", clock=True)
        self.mails = {}
        self.leads = {}
        self.maildir = Maildir(self.folder)
        self.base = self.board.settings["web"]["base"]
        try:
            self._write()
            self.board.start()
            self._send_all()
        except BaseException:
            self.close()
            raise

    def close(self):
        try:
            self.board.stop()
        finally:
            if self.board.is_running:
                self.board.kill()
            self.recorder.__exit__()
            print(self.board.log)

    # --- how it comes about

    def _write(self):
        for path in (TREE / "lists").iterdir():
            shutil.copy(path, self.board.folder / "lists")
        path = self.board.folder / f"lists/{SHARED}.csv"
        head, *rows = path.read_text().splitlines()
        path.write_text("".join(f"{line}\n" for line in [
            head + ",shared", *(row + ",yes" for row in rows)]))
        for name, word in ASKS.items():
            with open(self.board.folder / f"lists/{name}.conf", "a") as conf:
                conf.write(f'confirm = "{word}";\n')
        with open(self.board.folder / f"lists/{REPLIES}.conf", "a") as conf:
            conf.write("confirm_by_reply = true;\n")
        self.board.configure(mailbox=self.maildir.settings
                             | {"trusted_hosts": [HOST]})
        subprocess.run(["sh", TREE / "scripts/sample", self.folder / "sample"],
                       check=True)
        self.board.relay(self.recorder)

    def drop(self, name, **changes):
        """A briefing of the sample, approved ten days ago whenever the test
        runs; changes replace settings of its manifest."""
        draft = self.folder / "draft"
        shutil.copytree(self.folder / "sample/briefings" / name, draft)
        conf = draft / "briefing.conf"
        text = re.sub(r"not_before = .*\n", "", conf.read_text())
        day = self.board.now.date() - datetime.timedelta(days=10)
        for key, value in {"approved_on": str(day), **changes}.items():
            line = f"{key} = {libconfig(value)};"
            text, found = re.subn(rf"^{key} = .*;", line, text, flags=re.M)
            text += "" if found else line + "\n"
        conf.write_text(text)
        for path in (*draft.iterdir(), draft):
            self.board.age(path)
        final = self.board.folder / "approved" / name
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)

    def _taken(self, count):
        self.board.until(
            lambda: len(self.board.facts("briefing", "list")) >= count,
            "the briefings are taken in")

    def _loaded(self):
        """All lists: who is on two of them is counted under one."""
        count = len(list((self.board.folder / "lists").glob("*.conf")))
        self.board.until(
            lambda: self.board.log.count("list loaded list=") >= count,
            "the lists are loaded")

    def send(self, name, mailing_list):
        """Runs the list's slot; all its mails, when they were accepted."""
        before = len(self.recorder.mails)
        wanted = self.board.facts("run", mailing_list, "--dry-run")["members"]
        assert wanted > 3
        self.board.ctl("run", mailing_list)
        self.board.until(lambda: self._accepted(mailing_list) >= wanted,
                         f"the mails of {mailing_list}")
        # other lists may have been due meanwhile, and notices
        self.mails[name] = [
            mail for mail in self.recorder.mails[before:]
            if f"<{mailing_list}." in mail.message.get("List-Id", "")]

    def _accepted(self, mailing_list):
        """Of the list's last digest."""
        return self.board.value(
            "SELECT count(*) FROM delivery WHERE state = 'accepted' AND"
            " digest_id = (SELECT max(digest.id) FROM digest JOIN list"
            " ON list.id = list_id WHERE name = ?)", mailing_list)

    def _send_all(self):
        names = sorted(path.name for path in
                       (self.folder / "sample/briefings").iterdir())
        names.remove(SECRET)
        for name in names:
            self.drop(name)
        self._taken(len(names))
        self._loaded()
        for name, (mailing_list, _) in ROUNDS.items():
            self.send(name, mailing_list)
            if name == "rehearsal":
                self.board.live()
        self.drop(SECRET)
        self._taken(len(names) + 1)
        self.send("secret", "police")

    # --- what readers do

    def show(self, name):
        """A mail to look at, and to confirm nothing with."""
        return self.mails[name][0]

    def take(self, name):
        """A mail whose link no other test uses."""
        assert len(self.mails[name]) > 1, f"no mail is left of {name}"
        return self.mails[name].pop()

    def reply(self, mail, text):
        """Replies to it; what its reader is told."""
        address = mail.recipient
        before = len(self.recorder.to(address))
        self.wait(40)
        self.maildir.deliver(replied(
            mail, self.board.now, text, host=HOST,
            result=f"dmarc=pass header.from={address.split('@')[1]}"))
        return self.board.until(lambda: self.recorder.to(address)[before:],
                                "an answer")[0]

    def lead(self, mailing_list):
        """A link to the page of a list's lead; few are sent a day."""
        if mailing_list not in self.leads:
            self.board.ctl("lead", "link", mailing_list)
            mail = self._told(mailing_list, "lead-link")
            self.leads[mailing_list] = re.search(
                self.base + r"/l/[0-9a-z]{29}", mail.text)[0]
        self.wait(40)
        return self.leads[mailing_list]

    def lead_code(self, mailing_list):
        """The code that was asked for there last."""
        return self._told(mailing_list, "lead-code").code

    def _told(self, mailing_list, kind):
        """The newest notice of that kind to the lead, once it has arrived."""
        count = "SELECT count(*) FROM notice WHERE kind = ? AND list_id ="
        count += " (SELECT id FROM list WHERE name = ?)"
        address = self.board.value("SELECT lead_address FROM list WHERE name ="
                                   " ?", mailing_list)
        mark = {"lead-link": "THE PAGE OF YOUR LIST",
                "lead-code": "YOUR CODE"}[kind]
        wanted = self.board.value(count, kind, mailing_list)
        return self.board.until(
            lambda: [mail for mail in self.recorder.to(address)
                     if mark in mail.text][wanted - 1:], kind)[-1]

    def link(self, mail):
        return self.base + mail.link

    def wait(self, seconds):
        self.board.advance(seconds)

    @property
    def acknowledged(self):
        """briefing → how many confirmed it, as the report tells."""
        return {briefing["ref"]: briefing["total"]["acknowledged"]
                for briefing in self.board.facts("report")["briefings"]}

    @property
    def changes(self):
        """All that a page can change, to see that nothing did."""
        return [self.board.rows(f"SELECT count(*), max(rowid) FROM {table}")
                for table in ("requirement WHERE acknowledged_at IS NOT NULL",
                              "beside", "disowned", "member_status", "forward", "guest",
                              "notice WHERE kind IN ('receipt', 'own-link',"
                              " 'guest-link', 'member-said', 'disowned',"
                              " 'lead-code')",
                              "event WHERE kind LIKE 'acknowledge%'"
                              " OR kind LIKE 'team-session%'"
                              " OR kind = 'member-status'")]

    @property
    def count(self):
        return sum(self.acknowledged.values())
