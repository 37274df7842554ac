"""Several relays, in order of preference."""
import concurrent.futures
import contextlib
import sqlite3
import ssl
import threading

import pytest

from board import Board
from servers import Mail, Postfix, Recorder, Sink
from test_delivery import until_attempt


def begin(board, rows=40, **servers):
    if servers:
        board.relays(**servers)
    board.list("police", [f"m{i}@police.example,Member {i}"
                          for i in range(rows)])
    board.start()
    board.live()
    board.until(lambda: [each["members"] for each in
                         board.facts("list", "show") if each["list"] ==
                         "police"] == [rows], "the list")


def accepted(board, count):
    board.until(lambda: board.value("SELECT count(*) FROM delivery"
                                    " WHERE state = 'accepted'") == count,
                f"{count} accepted")


class Sluggish(Recorder):
    """Waits in a thread of each mail, so that others go on meanwhile."""

    def __init__(self, stall):
        super().__init__()
        self.stall = stall

    async def handle_DATA(self, server, session, envelope):
        mail = Mail(envelope.mail_from, envelope.rcpt_tos[0],
                    bytes(envelope.original_content))
        await server.loop.run_in_executor(self.threads, self.stall, mail)
        self.mails.append(mail)
        return "250 2.0.0 Ok"

    threads = concurrent.futures.ThreadPoolExecutor(64)


class Nobody:
    """A port at which nothing listens, until something does."""

    tls_mode, user, ca = "none", "", None

    def __init__(self, port):
        self.port = port


@pytest.fixture
def dead():
    with Recorder() as gone:
        port = gone.port
    return Nobody(port)


def test_f10_the_next_takes_over_until_the_first_is_back(board, recorder,
                                                         dead):
    begin(board, first=dead, second=recorder)
    board.brief("LTB-1")
    accepted(board, 40)
    # the first few mails went on at once, without a wait of their own
    assert len(recorder.mails) == 40
    assert board.value("SELECT count(*) FROM attempt WHERE relay = 'first'"
                       " AND counts = 1") == 0
    assert board.value("SELECT count(*) FROM attempt WHERE relay = 'second'"
                       " AND outcome = 'accepted'") == 40
    assert board.value("SELECT state FROM relay WHERE name = 'first'") == \
        "broken"
    assert "relay is out of order relay=first" in board.log
    first, second = board.facts("status")["relays"]
    assert (first["name"], first["state"]) == ("first", "broken")
    assert first["failures"] >= 3 and "reached" in first["trouble"]
    assert (second["state"], second["last_day"]) == ("working", 40)
    assert "relay      first: out of order since" in board.ctl("status")
    assert "relay      second: working, " in board.ctl("status")
    with Recorder(port=dead.port) as first:
        # one mail finds out; none is lost whatever it finds
        def tried():
            ref = f"LTB-2{len(board.rows('SELECT 1 FROM version')):02}"
            board.brief(ref)
            board.until(lambda: board.value(
                "SELECT count(*) FROM delivery WHERE state <> 'accepted'")
                == 0 and board.facts("status")["briefings"] >= 1, "all sent")
            return first.mails
        board.until(tried, "a mail by way of the first", 60)
        board.until(lambda: "relay works again relay=first" in board.log,
                    "it works again")


def test_f20_postfix_takes_over_from_one_that_says_421(board, authority,
                                                       tmp_path):
    with Sink(tmp_path, "-Q", "RCPT") as busy, \
            Postfix(tmp_path, authority) as postfix:
        begin(board, rows=20, busy=busy, postfix=postfix)
        board.brief("LTB-1")
        accepted(board, 20)
        board.until(lambda: len(postfix.mails) == 20, "all of them")
        assert busy.count == 0
        assert board.rows("SELECT DISTINCT relay, code, counts FROM attempt"
                          " ORDER BY 1") == [("busy", 421, 0),
                                             ("postfix", 250, 1)]


def test_f20_with_all_out_mails_wait_and_use_up_nothing(board, dead):
    begin(board, rows=40, first=dead)
    board.brief("LTB-1")
    board.until(lambda: board.rows("SELECT 1 FROM relay WHERE"
                                   " state = 'broken'"), "it is broken")
    with Recorder(port=dead.port) as first:
        accepted(board, 40)
        assert len(first.mails) == 40
    # but for those few by which it was found out
    tries = board.value("SELECT count(*) FROM attempt WHERE counts = 1"
                        " AND outcome = 'later'")
    assert tries <= 3
    board.invariants()


# --- what each relay asks for


def test_f20_a_relay_that_wants_our_certificate(board, authority):
    def wants_certificate(context):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.ca)

    with Recorder(authority, adjust=wants_certificate) as server:
        begin(board, rows=2, only=server)
        board.brief("LTB-1")
        until_attempt(board, "later")
        assert server.offered == 0
        authority.key.chmod(0o600)
        board.configure(relay={"certificate_file": str(authority.cert),
                               "key_file": str(authority.key)})
        board.reload()
        accepted(board, 2)


def test_f20_a_relay_with_old_tls_gets_nothing(board, authority):
    def is_old(context):
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    with Recorder(authority, adjust=is_old) as server:
        begin(board, rows=2, only=server)
        board.brief("LTB-1")
        attempt = until_attempt(board, "later")
        assert "TLS" in attempt["text"], attempt
        assert server.offered == 0


@pytest.mark.parametrize("minimum, version", [
    ("1.2", ssl.TLSVersion.TLSv1_2), ("1.3", ssl.TLSVersion.TLSv1_3)])
def test_f20_the_version_of_tls_stands_in_the_attempt(board, authority,
                                                      minimum, version):
    def is_that(context):
        context.maximum_version = version

    with Recorder(authority, adjust=is_that) as server:
        board.relays(only=server)
        board.configure(relay={"tls_minimum": minimum})
        begin(board, rows=1)
        board.brief("LTB-1")
        accepted(board, 1)
    assert board.rows("SELECT relay, tls FROM attempt") == [
        ("only", f"TLS{minimum}")]


def test_f20_a_plain_envelope(board, recorder):
    """And the mail's bytes are those that another relay would have had."""
    with Recorder() as second:
        recorder.on_mail = lambda address: \
            "550 5.7.1 not your address" if "+" in address else None
        recorder.on_data = lambda mail: (second.mails.append(mail),
                                         "451 4.3.0 later")[1]
        board.relays(first=recorder, second=second)
        board.configure(relay={"envelope": "plain"})
        begin(board, rows=1)
        board.brief("LTB-1")
        board.until(lambda: second.mails, "an offer")
        assert second.mails[0].sender == "learning-bounce@severnside.example"
        board.relays(second=second)
        board.reload()
        accepted(board, 1)
        offered, taken = second.mails[0], second.mails[-1]
        assert taken.sender.startswith("learning-bounce+")
        assert taken.raw == offered.raw


def test_f20_so_many_mails_on_a_connection(board, recorder):
    board.relays(only=recorder)
    board.configure(relay={"messages_per_connection": 3, "connections": 1})
    begin(board, rows=10)
    before = recorder.connections  # its own, when it started
    board.brief("LTB-1")
    accepted(board, 10)
    assert recorder.connections - before == 4


def test_f20_each_relay_has_its_own_password(board, authority, tmp_path):
    """As systemd's credentials: by the relay's name, else one for all."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "smtp-password-first").write_text("one\n")
    (credentials / "smtp-password").write_text("all\n")
    board.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    with Recorder(authority, user="a", password="one") as first, \
            Recorder(authority, user="b", password="all",
                     mechanism="LOGIN") as second:
        board.relays(first=first, second=second)
        for relay in board.settings["relays"]:
            del relay["password_file"]
        board.configure(relay={"messages_per_day": 1})
        board.settings["relays"][1]["auth"] = "login"
        begin(board, rows=2)
        board.brief("LTB-1")
        accepted(board, 2)
        assert (len(first.mails), len(second.mails)) == (1, 1)


# --- domains share the connections


def test_f20_a_slow_domain_does_not_hold_the_rest(board):
    """Its mails are the oldest, and the server holds each of them."""
    slow = threading.Event()

    def stall(mail):
        if mail.recipient.endswith("@slow.example"):
            slow.wait(60)

    with Sluggish(stall) as server:
        board.relays(only=server)
        board.configure(relay={"connections": 4, "timeout_seconds": 100})
        board.list("aged", [f"s{i}@slow.example,Slow {i}" for i in range(30)])
        begin(board, rows=20)
        board.brief("LTB-1")
        try:
            board.until(lambda: len(server.mails) == 20, "all of the others")
            # and it has what they leave it
            assert board.value("SELECT count(*) FROM delivery WHERE"
                               " state = 'sending'") >= 2
        finally:
            slow.set()
        accepted(board, 50)


# --- caps


def poke(board):
    """A commit, at which the daemon looks whether mails may go."""
    with contextlib.closing(sqlite3.connect(
            board.folder / "state/briefingd.db", timeout=10)) as db, db:
        db.execute("UPDATE board SET id = id")


def test_f20_a_minutes_cap_as_the_server_sees_it(clocked, recorder):
    board, seen = clocked, []
    recorder.on_data = lambda mail: seen.append(board.now.timestamp())

    def go(seconds, count, look=poke):
        """So long after the last mail, that many are there."""
        board.advance(seconds)
        look(board)
        board.until(lambda: len(seen) >= count, f"{count} mails")
        accepted(board, count)  # and none is on its way

    board.relays(only=recorder)
    board.configure(relay={"messages_per_minute": 6, "connections": 4})
    begin(board, rows=3)
    go(60, 3, lambda board: board.brief("LTB-1"))
    board.list("big", [f"b{i}@big.example,Big {i}" for i in range(14)])
    go(40, 6, Board.reload)
    go(22, 9)
    # a daemon that starts anew knows in which minute mails were sent
    board.stop()
    board.start()
    go(10, 9)
    go(122, 15)
    go(62, 17)
    assert len(recorder.mails) == 17
    seen.sort()
    for first, last in zip(seen, seen[6:]):
        assert last - first > 60, seen


def test_f20_a_days_cap_moves_mails_on(clocked, recorder):
    board = clocked
    with Recorder() as second:
        board.relays(first=recorder, second=second)
        board.configure(relay={"messages_per_day": 5})
        begin(board, rows=12)
        board.advance(60)
        board.brief("LTB-1")
        accepted(board, 12)
        assert (len(recorder.mails), len(second.mails)) == (5, 7)
        relay = board.facts("status")["relays"][0]
        assert (relay["state"], relay["last_day"], relay["per_day"]) == \
            ("capped", 5, 5)
        assert "5 of 5 in 24 hours" in board.ctl("status")
        # also after a start, until a day has passed
        board.stop()
        board.start()
        board.advance(60)
        board.brief("LTB-2")
        accepted(board, 24)
        assert len(recorder.mails) == 5
        board.stop()
        board.advance(24 * 3600 + 300)
        board.start()
        board.brief("LTB-3")
        accepted(board, 36)
        assert len(recorder.mails) == 10
