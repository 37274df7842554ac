"""SIGKILL at any moment: nothing is lost, nothing that was promised is taken
back, and hardly anything goes twice. What went twice is judged from the raw
bytes that the server has, not from our tables."""
import collections
import http.client
import itertools
import os
import random
import re
import threading
import time

import pytest

from servers import Journal, until
from test_delivery import until_loaded

KILLS = 50 if os.environ.get("SOAK") else int(os.environ.get("KILLS", 10))
SENDERS = 4
LISTS = {"police": 170, "health": 150}
BOTH = 20  # people on both lists: one duty each
MEMBERS = sum(LISTS.values()) - BOTH
CLIENTS = 3


def look(mail):
    """What is wanted of thousands of mails, from the raw bytes, once."""
    if not hasattr(mail, "briefings"):
        whole = mail.raw.replace(b"=\r\n", b"")
        mail.id = re.search(rb"(?m)^Message-ID: (\S+)", mail.raw)[1]
        mail.path = re.search(rb"https?://[^/\s]+(/a/\w+)", whole)[1].decode()
        mail.briefings = {int(number) for number in
                          re.findall(rb" LTB-(\d+)\r\n", whole)}
    return mail


class Storm:
    """A board with its journal, what was promised to whom, and the kills."""

    def __init__(self, board, journal, dice):
        self.board, self.journal, self.dice = board, journal, dice
        self.briefings = 0
        self.killed_ns = []       # CLOCK_MONOTONIC, when each kill was over
        self.doubtful = 0         # mails under way at a kill, as the store said
        self.promised = set()     # paths whose page said "recorded"
        self.asked = set()        # paths that were posted at least once
        self.kills = collections.Counter()
        self.accepted = set()     # ids that were accepted at some time

    # --- the work that goes on

    def begin(self):
        board, both = self.board, [f"b{i}@both.example,Both {i}"
                                   for i in range(BOTH)]
        board.relay(self.journal)
        board.configure(relay={"connections": SENDERS})
        for name, count in LISTS.items():
            board.list(name, both + [f"m{i}@{name}.example,Member {i}"
                                     for i in range(count - BOTH)])
        board.start()
        board.live()
        until_loaded(board, **LISTS)

    def drop(self):
        self.briefings += 1
        self.board.brief(
            f"LTB-{self.briefings}", documents={"a.pdf": b"%PDF-1.4\n" + os.urandom(99999)},
            summary="What was learnt, in some words.\n\n" * 20)

    def forms(self, count):
        """Forms of some outstanding mails, each as (path, fields)."""
        mails = [mail for mail in map(look, self.journal.mails)
                 if mail.path not in self.asked]
        self.dice.shuffle(mails)
        forms = []
        for mail in mails[:count]:
            page = self.board.get(mail.path)
            assert page.status == 200, page.text
            if any(name == "v" for name, _ in page.fields):
                forms.append((mail.path, page.fields))
        return forms

    def confirm(self, forms, is_over):
        """Clients that post until the daemon dies under them."""
        forms = iter(forms)
        lock = threading.Lock()

        def post():
            while not is_over.is_set():
                with lock:
                    path, fields = next(forms, (None, None))
                if path is None:
                    return
                self.asked.add(path)
                try:
                    page = self.board.post(path, fields)
                except (OSError, http.client.HTTPException):
                    continue
                if "It is recorded." in page.text:
                    self.promised.add(path)
        clients = [threading.Thread(target=post) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        return clients

    # --- the moments

    def query(self, statement):
        with self.board.store() as db:
            return db.execute(statement).fetchone()[0]

    def during_intake(self):
        self.drop()
        self.nap(0.25)

    def during_planning(self):
        before = self.query("SELECT max(rowid) FROM delivery") or 0
        self.drop()
        with self.board.store() as db:
            until(lambda: db.execute(
                "SELECT 1 FROM digest WHERE state = 'planning' UNION ALL"
                " SELECT 1 FROM delivery WHERE id > ?", (before,)).fetchone(),
                "planning begins")
        self.nap(0.03)

    def during_sending(self):
        before = self.journal.count
        self.drop()
        until(lambda: self.journal.count > before, "mails arrive")
        self.nap(0.4)

    def during_acknowledging(self):
        self.drop()
        self.nap(0.3)

    def nap(self, seconds):
        time.sleep(self.dice.random() * seconds)

    def round(self, phase):
        """Clients confirm in each; the phase says when the kill comes."""
        self.board.advance(40)  # the mails are old enough
        forms = self.forms(80 if phase == "acknowledging" else 20)
        self.board.advance(4)   # and so are the forms
        is_over = threading.Event()
        clients = self.confirm(forms, is_over)
        getattr(self, f"during_{phase}")()
        self.board.kill()
        self.killed_ns.append(time.monotonic_ns())
        is_over.set()
        for client in clients:
            client.join()
        self.kills[phase] += 1
        under_way = self.query("SELECT count(*) FROM delivery"
                               " WHERE state = 'sending'")
        assert under_way <= SENDERS
        self.doubtful += under_way
        self.board.start()

    # --- what must hold

    def check(self):
        self.board.invariants()  # 2 and 7
        self.check_promises()    # 4
        self.check_copies()      # 5

    def check_promises(self):
        accepted = {row[0] for row in self.board.rows(
            "SELECT id FROM delivery WHERE state = 'accepted'")}
        assert self.accepted <= accepted
        self.accepted = accepted
        acknowledged = self.board.value(
            "SELECT count(*) FROM requirement"
            " WHERE acknowledged_at IS NOT NULL")
        assert len(self.promised) <= acknowledged <= len(self.asked)
        for path in self.dice.sample(sorted(self.promised),
                                     min(10, len(self.promised))):
            assert "Recorded" in self.board.get(path).text, path

    def copies(self):
        copies = collections.defaultdict(list)
        for mail in self.journal.mails:
            copies[look(mail).id].append(mail)
        return copies

    def epoch(self, mail):
        """How many kills there were before the mail's connection was made."""
        return sum(at < mail.connected_ns for at in self.killed_ns)

    def check_copies(self):
        """Each second copy is the first's, was caused by a kill between the
        two, and no kill caused more than one for each sender."""
        self.caused = collections.Counter()
        for copies in self.copies().values():
            for first, second in itertools.pairwise(copies):
                assert first.raw == second.raw
                assert (first.sender, first.recipient) == \
                    (second.sender, second.recipient)
                assert self.epoch(first) < self.epoch(second)
                self.caused[self.epoch(first)] += 1
        assert not self.caused or max(self.caused.values()) <= SENDERS

    def check_nothing_is_lost(self):
        board = self.board
        board.until(lambda: board.facts("status")["briefings"] ==
                    self.briefings, "all is taken in", 60)
        board.until(lambda: board.value(
            "SELECT count(*) FROM delivery WHERE state = 'accepted'") ==
            board.value("SELECT count(*) FROM delivery") and board.value(
                "SELECT count(*) FROM requirement") ==
            MEMBERS * self.briefings, "all is sent", 120)
        self.check()
        assert board.value("SELECT count(*) FROM document") == self.briefings
        got = collections.Counter()
        for [mail, *_] in self.copies().values():
            got.update((mail.recipient, number) for number in mail.briefings)
        assert len(got) == MEMBERS * self.briefings
        assert set(got.values()) == {1}
        for path in self.promised:
            assert "Recorded" in board.get(path).text, path
        for mail in self.dice.sample(self.journal.mails, 50):
            assert mail.link == mail.path  # and is parsed without a defect

    def figures(self):
        phases = ", ".join(f"{count} in {phase}"
                           for phase, count in self.kills.items())
        copies = self.copies()
        twice = sum(self.caused.values())
        kills = len(self.killed_ns)
        return (f"kills={kills} ({phases}) briefings={self.briefings} "
                f"mails={len(copies)} copies={len(self.journal.mails)} "
                f"under_way={self.doubtful} duplicates={twice} "
                f"per_kill={twice / kills:.2f} "
                f"recorded={len(self.promised)} of posted={len(self.asked)}")


@pytest.fixture
def storm(clocked, tmp_path):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}")
    with Journal(tmp_path, delay_ms=4) as journal:
        yield Storm(clocked, journal, random.Random(seed))


def test_f10_killed_at_any_moment(storm, capsys):
    storm.begin()
    storm.drop()
    storm.board.until(lambda: storm.journal.count >= MEMBERS, "the first mails")
    phases = itertools.cycle(("intake", "planning", "sending",
                              "acknowledging"))
    for _ in range(KILLS):
        storm.round(next(phases))
        storm.check()
    storm.check_nothing_is_lost()
    with capsys.disabled():
        print(f"\n{storm.figures()}")
    # a storm in which nothing happened proves nothing
    assert storm.doubtful > 0
    assert storm.promised
    assert storm.caused
