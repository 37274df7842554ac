"""Mail that Postfix could not deliver to Dovecot's mailboxes: its own bounces
come back to the bounce mailbox and end as bounced, with the right code."""
import os

import pytest

from mailboxes import DONE, PostOffice
from servers import Postfix

ANN, FULL, GONE = ("ann@police.example", "full@police.example",
                   "gone@police.example")


@pytest.fixture(params=["imap", "maildir"])
def way(request):
    """How the bounce mailbox is read."""
    return request.param


def settings_of(office, way):
    if way == "imap":
        return office.settings
    return {"kind": "maildir", "path": str(office.home / "Maildir"),
            "poll_seconds": 1}


def codes(board):
    """state, class and status of each recipient's mail"""
    return {address: facts for address, *facts in board.rows(
        "SELECT a.address, d.state, r.class, r.status FROM delivery d"
        " JOIN addressee a ON a.delivery_id = d.id"
        " LEFT JOIN returned r ON r.delivery_id = d.id")}


@pytest.mark.skipif(os.geteuid() != 0, reason="Postfix runs as root only")
@pytest.mark.parametrize("is_final, full", [
    (True, ["bounced", "soft", "5.2.2"]),
    (False, ["bounced", "soft", "4.2.2"])])
def test_f20_unknown_and_full(board, tmp_path, authority, way, is_final, full):
    with PostOffice(tmp_path, authority, [ANN, FULL], [FULL],
                    is_final) as office, \
            Postfix(tmp_path, authority, office.lmtp_port) as postfix:
        board.relay(postfix)
        board.configure(mailbox=settings_of(office, way))
        board.list("police", [f"{ANN},Ann", f"{FULL},Fay", f"{GONE},Guy"])
        board.start()
        board.live()
        board.brief("LTB-1")
        board.until(lambda: board.facts("status")["returned"]["bounced"] == 2,
                    "both come back")
        assert codes(board) == {ANN: ["accepted", None, None], FULL: full,
                                GONE: ["bounced", "hard", "5.1.1"]}
        board.until(lambda: len(office.inbox(ANN)) == 1, "hers is there")
        board.until(lambda: len(list((office.home / "Maildir").glob(
            f".{DONE}/*/*.*"))) == 2, "both are put away")
        # only who is not there is not written to again
        assert [(each["address"], each["suppressed"]) for each in
                board.facts("list", "bounces", "police")
                if each["suppressed"]] == [(GONE, True)]
        assert board.facts("report")["total"]["failed"] == 2
        board.invariants()
        board.stop()
