"""SIGKILL at any moment: nothing is lost, at most one delivery for each sender
goes twice, with the same bytes; what a page called recorded stays recorded.

Duplicates are judged from the server's raw bytes. Half of the kills come at a
moment that the store or the server shows, half after a random time.
"""
import random
import select
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from board import FORM_SECONDS, MAIL_SECONDS
from conftest import IS_SOAK

KILLS = 50 if IS_SOAK else 10
SENDERS = 4
MEMBERS = [f"m{i}@police.example" for i in range(24)]
PHASES = ("intake", "planning", "sending", "acknowledging", "any")


def settled(board, briefings):
    queue = board.facts("status")["queue"]
    return (board.value("SELECT count(*) FROM requirement") ==
            len(MEMBERS) * briefings and
            not queue["due"] + queue["sending"] + queue["unsure"])


def kill_in(phase, board, recorder, chance):
    """Waits for the phase's moment, then kills."""
    mails = len(recorder.mails)
    if phase == "planning":
        board.until(lambda: board.value("SELECT count(*) FROM digest") or
                    len(recorder.mails) > mails, "a digest")
    elif phase == "sending":
        few = chance.randrange(1, len(MEMBERS))
        board.until(lambda: len(recorder.mails) >= mails + few, "some mails")
    else:
        select.select([], [], [], chance.random() * 0.5)
    board.kill()


def kill_while_acknowledging(board, mails, chance):
    board.advance(MAIL_SECONDS + 1)
    forms = [(mail, board.get(mail.link).fields) for mail in mails]
    board.advance(FORM_SECONDS + 1)

    def post(each):
        try:
            return "It is recorded" in board.post(each[0].link, each[1]).text
        except OSError:
            return False
    with ThreadPoolExecutor(8) as people:
        answers = people.map(post, forms)
        select.select([], [], [], chance.random() * 0.06)
        board.kill()
        answers = list(answers)
    return [mail for mail, is_said in zip(mails, answers) if is_said]


def acknowledged(board, ref):
    return {address for address, in board.rows(
        "SELECT i.address FROM requirement r"
        " JOIN identity i USING (person_id)"
        " JOIN version v ON v.id = r.version_id"
        " JOIN briefing b ON b.id = v.briefing_id"
        " WHERE b.ref = ? AND r.acknowledged_at IS NOT NULL", ref)}


def judge_mails(recorder, ref, kills):
    """Every member has it; second copies are few and the same bytes."""
    copies = {}
    for mail in recorder.mails:
        if f"Child {ref}:" in mail.text:
            copies.setdefault(mail.recipient, []).append(mail.raw)
    assert set(copies) == set(MEMBERS)
    for address, raws in copies.items():
        assert len(set(raws)) == 1, f"{address} got other bytes"
    doubles = sum(len(raws) - 1 for raws in copies.values())
    assert doubles <= SENDERS * kills, Counter(map(len, copies.values()))


@pytest.mark.parametrize("number", range(KILLS))
def test_f50_a_kill_loses_nothing(clocked, recorder, number):
    board, chance = clocked, random.Random(number)
    phase = PHASES[number % len(PHASES)]
    recorder.on_data = lambda _: select.select([], [], [], 0.002) and None
    board.relay(recorder)
    board.configure(relay={"connections": SENDERS})
    board.list("police", [f"{address},Member" for address in MEMBERS])
    board.start()
    board.live()
    board.until(lambda: board.facts("list", "show")[0]["members"] ==
                len(MEMBERS), "the list")
    if phase == "acknowledging":
        board.brief("LTB-1")
        board.until(lambda: settled(board, 1), "all is sent")
        said = kill_while_acknowledging(board, list(recorder.mails), chance)
        board.start()
        assert {m.recipient for m in said} <= acknowledged(board, "LTB-1")
        judge_mails(recorder, "LTB-1", 0)
    else:
        board.brief("LTB-1", documents={"a.pdf": b"%PDF" + bytes(2**20)})
        kill_in(phase, board, recorder, chance)
        board.start()
        board.until(lambda: settled(board, 1), "all is sent")
        judge_mails(recorder, "LTB-1", 1)
    # and it goes on
    board.brief("LTB-2")
    board.until(lambda: settled(board, 2), "the next briefing")
    judge_mails(recorder, "LTB-2", 0)
    board.invariants()
