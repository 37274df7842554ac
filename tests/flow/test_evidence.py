"""The ledger: what recipients witness, and what tampering leaves behind."""
import re

import verify_pack

ANN, BOB = "ann@police.example", "bob@police.example"


def begin(board, server):
    board.relay(server)
    board.list("police", [f"{ANN},Ann", f"{BOB},Bob"])
    board.start()
    board.live()


def accepted(board, count):
    board.until(lambda: board.facts("status")["queue"]["accepted"] == count,
                f"{count} are settled")


def leaves(board, count):
    """The leaves as the manual says: canonical JSON of each whole event."""
    rows = board.rows("SELECT id, kind, effective_at, recorded_at, actor, body"
                      " FROM event ORDER BY id LIMIT ?", count)
    return [(f'{{"actor":"{actor}","body":{body},"effective_at":{effective},'
             f'"id":{number},"kind":"{kind}","recorded_at":{recorded}}}')
            for number, kind, effective, recorded, actor, body in rows]


def latest(board):
    key = verify_pack.parse_key(board.get("/evidence/key").text)
    note = board.get("/evidence/checkpoint").text
    return verify_pack.open_checkpoint(note, key)


def test_f10_each_mail_and_receipt_carries_a_checkpoint(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.brief("LTB-1")
    accepted(board, 2)
    mail = recorder.to(ANN)[0]
    origin, size, root = latest(board)
    assert origin.endswith("/ledger") and size > 3
    # the mail has what the page has, and neither what came later
    shown = re.search(rf"{re.escape(origin)}\n(\d+)\n(\S+)\n", mail.text)
    assert int(shown[1]) == size
    assert verify_pack.unbase64(shown[2]) == root
    hashes = [verify_pack.leaf_hash(leaf.encode())
              for leaf in leaves(board, size)]
    assert len(hashes) == size and verify_pack.root_of(hashes) == root
    assert board.value("SELECT count(*) FROM event WHERE kind ="
                       " 'letter-made' AND id <= ?", size) == 0
    page = board.confirm(mail)
    assert f"{origin}, {size} entries, root hash {shown[2]}" in page.text
    # a second mail for what is new: a second checkpoint
    board.brief("LTB-2")
    accepted(board, 4)
    assert latest(board)[1] > size


def test_f20_a_checkpoint_a_day(clocked, recorder):
    board = clocked
    begin(board, recorder)
    board.until(lambda: board.get("/evidence/checkpoint").status == 200,
                "the first")
    count = "SELECT count(*) FROM checkpoint"
    board.ctl("pause", "--reason", "a night")
    before = board.value(count)
    board.advance(24 * 3600)
    board.until(lambda: board.value(count) == before + 1, "the next day's")
    # nothing happened on the day after, so there is nothing to sign
    board.advance(24 * 3600)
    assert board.value(count) == before + 1


def test_f20_the_key_is_kept_and_may_change(board, recorder):
    begin(board, recorder)
    board.until(lambda: board.get("/evidence/key").status == 200, "the key")
    before = board.get("/evidence/key").text
    key = board.folder / "state/keys/ledger.key"
    assert key.stat().st_mode & 0o777 == 0o600
    board.stop()
    board.start()
    assert board.get("/evidence/key").text == before
    board.stop()
    key.unlink()
    board.start()
    board.brief("LTB-1")
    board.until(lambda: board.get("/evidence/key").text != before,
                "a checkpoint by the new key")
    assert latest(board)
    assert board.value("SELECT count(*) FROM event WHERE kind ="
                       " 'ledger-key'") == 2
