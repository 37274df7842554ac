"""Several relays, in order of preference."""
import pytest

from servers import Recorder


def begin(board, rows=40, **servers):
    board.relays(**servers)
    board.list("police", [f"m{i}@police.example,Member {i}"
                          for i in range(rows)])
    board.start()
    board.live()
    board.until(lambda: [each["members"] for each in
                         board.facts("list", "show")] == [rows], "the list")


def accepted(board, count):
    board.until(lambda: board.value("SELECT count(*) FROM delivery"
                                    " WHERE state = 'accepted'") == count,
                f"{count} accepted")


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
