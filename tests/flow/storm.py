"""Work that goes on while something disturbs it again and again.

A Storm has a board that sends to a Journal and readers who confirm meanwhile.
The test disturbs; the storm judges, from the raw bytes that the server has and
what pages said, and not from our tables, that nothing is lost, nothing that was
promised is taken back, and hardly anything goes twice:

    storm.begin({"police": 5000})
    storm.drop()
    ... disturb ...
    storm.disturbed()
    storm.check()
    storm.check_all_arrived()
    figures(storm.figures())
"""
import bisect
import collections
import contextlib
import hashlib
import http.client
import itertools
import os
import re
import threading
import time

from servers import until

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
MAIL_OLD, FORM_OLD = 40, 4  # seconds after which a person may have read it


def look(mail):
    """What is wanted of thousands of mails, from the raw bytes, once."""
    if not hasattr(mail, "id"):
        raw = mail.raw
        whole = raw.replace(b"=\r\n", b"")
        mail.id = re.search(rb"(?m)^Message-ID: (\S+)", raw)[1]
        mail.link_path = re.search(rb"https?://[^/\s]+(/a/\w+)",
                                   whole)[1].decode()
        mail.briefings = {int(number) for number in
                          re.findall(rb" LTB-(\d+)\r\n", whole)}
        mail.sha256 = hashlib.sha256(raw).digest()
    return mail


def delivery_of(path):
    """The delivery's id is in the link: a key's digit, eight of it, a MAC."""
    number = 0
    for digit in path.rpartition("/")[2][1:9]:
        number = number * 32 + CROCKFORD.index(digit)
    return number


class Storm:
    def __init__(self, board, journal, dice, senders):
        self.board, self.journal, self.dice = board, journal, dice
        self.senders = senders
        self.briefings, self.members = 0, 0
        self.patience_s = 60      # for it to go on by itself
        self.disturbed_ns = []    # CLOCK_MONOTONIC, when each one was over
        self.promised = set()     # paths whose page said "recorded"
        self.asked = set()        # paths that were posted at least once
        self.under_way = 0        # at the kills, as the store said
        self.accepted = set()     # deliveries that were accepted at some time
        self.copies = collections.defaultdict(list)  # of each Message-ID
        self.twice = set()        # Message-IDs
        self.judged = 0           # mails of the journal that are in copies

    # --- the work

    def begin(self, lists, both=0, **settings):
        """Lists of that many members, some of whom are on each. settings: of
        the relay."""
        board = self.board
        board.relay(self.journal)
        board.configure(relay={"connections": self.senders} | settings)
        shared = [f"b{i}@both.example,Both {i}" for i in range(both)]
        for name, count in lists.items():
            board.list(name, shared + [f"m{i}@{name}.example,Member {i}"
                                       for i in range(count - both)])
        self.members = sum(lists.values()) - both * (len(lists) - 1)
        board.start()
        board.live()
        board.until(lambda: {each["list"]: each["members"] for each in
                             board.facts("list", "show")} == lists,
                    "the lists are loaded", 120)

    def drop(self, **values):
        self.briefings += 1
        self.board.brief(
            f"LTB-{self.briefings}",
            documents={"a.pdf": b"%PDF-1.4\n" + os.urandom(99999)},
            summary="What was learnt, in some words.\n\n" * 20, **values)

    def until_mails(self, count):
        until(lambda: self.journal.count >= count, f"{count} mails arrive", 120)

    def left(self):
        """Deliveries that were not accepted yet."""
        return self.query("SELECT count(*) FROM delivery"
                          " WHERE state <> 'accepted'")

    def until_some(self, left, reserve=0):
        """Any number of mails more, such that the last of that many waits ends
        near the end of all; reserve: so many are left then."""
        due = self.left()
        share = min(self.dice.random() * 2 * due / left,
                    due - max(reserve, self.senders))
        self.until_mails(self.journal.count + int(max(share, 0)))

    def nap(self, seconds):
        """Up to so many: the moment is any."""
        time.sleep(self.dice.random() * seconds)

    def query(self, statement):
        with self.board.store() as db:
            return db.execute(statement).fetchone()[0]

    # --- the readers

    def forms(self, count):
        """Forms of some outstanding mails, each as (path, fields); time passes
        until a person may have read them."""
        self.board.advance(MAIL_OLD)
        mails = self.journal.mails
        some = self.dice.sample(mails, min(len(mails), 2 * count))
        paths = [mail.link_path for mail in map(look, some)
                 if mail.link_path not in self.asked][:count]
        forms = []
        for path in dict.fromkeys(paths):
            page = self.board.get(path)
            assert page.status == 200, page.text
            if any(name == "v" for name, _ in page.fields):
                forms.append((path, page.fields))
        self.board.advance(FORM_OLD)
        return forms

    def post(self, path, fields):
        self.asked.add(path)
        with contextlib.suppress(OSError, http.client.HTTPException):
            page = self.board.post(path, fields)
            if "It is recorded." in page.text:
                self.promised.add(path)

    @contextlib.contextmanager
    def confirming(self, forms, clients=3, pause_s=0.0):
        """Readers who post those forms while something is done."""
        forms, lock = iter(forms), threading.Lock()
        is_over = threading.Event()

        def read():
            while not is_over.is_set():
                with lock:
                    path, fields = next(forms, (None, None))
                if path is None:
                    return
                self.post(path, fields)
                is_over.wait(pause_s)
        threads = [threading.Thread(target=read) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            is_over.set()
            for thread in threads:
                thread.join()

    # --- what disturbs

    def disturbed(self):
        self.disturbed_ns.append(time.monotonic_ns())

    def kill(self):
        self.board.kill()
        self.disturbed()
        under_way = self.query("SELECT count(*) FROM delivery"
                               " WHERE state = 'sending'")
        assert under_way <= self.senders
        self.under_way += under_way

    # --- what must hold

    def check(self):
        self.board.invariants()  # 2 and 7
        self.check_queue()
        self.check_promises()    # 4
        self.check_copies()      # 5

    def check_queue(self):
        """Each delivery stands in one state; none was said to be accepted that
        the server does not have, and the server has none that was not claimed
        before."""
        states = ("due", "sending", "held", "unsure", "accepted", "refused",
                  "cancelled", "bounced")
        before = self.query("SELECT count(*) FROM delivery")
        queue = self.board.facts("queue")
        after = self.query("SELECT count(*) FROM delivery")
        assert before <= sum(map(queue.get, states)) <= after
        accepted = {row[0] for row in self.board.rows(
            "SELECT id FROM delivery WHERE state = 'accepted'")}
        assert self.accepted <= accepted
        self.accepted = accepted
        self.judge()
        taken = {delivery_of(mail.link_path) for [mail, *_] in
                 self.copies.values()}
        assert accepted <= taken
        assert taken <= {row[0] for row in self.board.rows(
            "SELECT id FROM delivery WHERE attempt > 0")}

    def check_promises(self):
        promised = {delivery_of(path) for path in set(self.promised)}
        recorded = {row[0] for row in self.board.rows(
            "SELECT delivery_id FROM requirement"
            " WHERE acknowledged_at IS NOT NULL")}
        assert promised <= recorded
        assert recorded <= {delivery_of(path) for path in set(self.asked)}

    def judge(self):
        """Takes in what the journal has got since."""
        for mail in self.journal.mails[self.judged:]:
            self.judged += 1
            copies = self.copies[look(mail).id]
            copies.append(mail)
            if len(copies) > 1:
                self.twice.add(mail.id)

    def epoch(self, mail):
        """How many disturbances there were before its connection was made."""
        return bisect.bisect_left(self.disturbed_ns, mail.connected_ns)

    def check_copies(self):
        """Each second copy is the first's, was caused by a disturbance between
        the two, and none caused more than one for each sender."""
        self.judge()
        self.caused = collections.Counter()
        for copies in map(self.copies.get, self.twice):
            copies.sort(key=lambda mail: mail.connected_ns)
            for first, second in itertools.pairwise(copies):
                assert first.raw == second.raw
                assert (first.sender, first.recipient) == \
                    (second.sender, second.recipient)
                assert self.epoch(first) < self.epoch(second)
                self.caused[self.epoch(first)] += 1
        assert not self.caused or max(self.caused.values()) <= self.senders

    def check_all_arrived(self):
        """Each member has each briefing, in one mail."""
        board = self.board
        board.until(lambda: board.facts("status")["briefings"] ==
                    self.briefings, "all is taken in", 60)
        board.until(lambda: self.query(
            "SELECT count(*) FROM requirement") == self.members *
            self.briefings and not self.left(), "all is sent", 60)
        self.check()
        assert board.value("SELECT count(*) FROM document") == self.briefings
        got = collections.Counter()
        for [mail, *_] in self.copies.values():
            got.update((mail.recipient, number) for number in mail.briefings)
        self.lost = self.members * self.briefings - len(got)
        assert self.lost == 0
        assert set(got.values()) == {1}
        for path in self.dice.sample(sorted(self.promised),
                                     min(20, len(self.promised))):
            assert "Recorded" in board.get(path).text, path
        for mail in self.dice.sample(self.journal.mails, 50):
            assert mail.link == mail.link_path  # is parsed without a defect

    def figures(self):
        """lost: of what members should have, once all has arrived."""
        twice, times = sum(self.caused.values()), len(self.disturbed_ns)
        return (f"times={times} senders={self.senders} "
                f"briefings={self.briefings} mails={len(self.copies)} "
                f"copies={len(self.journal.mails)} under_way={self.under_way} lost={self.lost} "
                f"duplicates={twice} a_time={twice / times:.2f} "
                f"most={max(self.caused.values(), default=0)} "
                f"recorded={len(self.promised)} of posted={len(self.asked)}")
