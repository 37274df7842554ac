"""What a run meets besides kills (test_kill.py): the relay's machine is gone and
comes back, the disk is full and has room again, the daemon stands still for a
minute, its clock jumps by a day. Nothing is lost, it goes on by itself, and what
goes twice is counted."""
import contextlib
import datetime
import os
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import IS_SOAK
from servers import Machine, until
from test_clock import DAY, until_held, until_trusted
from test_time import look
from test_trouble import fill, mounted

IS_ROOT = os.geteuid() == 0
MEMBERS = {"police": 3000, "health": 2000} if IS_SOAK else \
    {"police": 250, "health": 150}
SENDERS = 8


def times(sample, soak):
    """How many times it is disturbed, the last time first: 3, 2, 1."""
    return range(soak if IS_SOAK else sample, 0, -1)


def begin(storm, **relay):
    storm.begin(MEMBERS, **relay)
    storm.drop()
    storm.until_mails(1)


def end(storm, figures):
    storm.check_all_arrived()
    figures(storm.figures())


def until_it_goes_on(storm):
    before = storm.journal.count
    storm.board.until(lambda: storm.journal.count > before + SENDERS or
                      not storm.left(), "it goes on by itself",
                      storm.patience_s)


def stands_still(storm, seconds):
    """Nothing but what was under way arrives; of such things the only sign is
    that time goes by."""
    before = storm.journal.count
    time.sleep(seconds)
    assert storm.journal.count <= before + SENDERS


# --- the relay's machine

@pytest.fixture
def machine():
    if not IS_ROOT:
        pytest.skip("makes a network namespace")
    try:
        made = Machine()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("can't make a network namespace here")
    with made:
        yield made


def test_f20_the_relays_machine_is_gone(storms, machine, figures):
    """Every other time it dies, and with it the mails that it was just sent;
    else they arrive after all once it can be reached again."""
    storm = storms(SENDERS, delay_ms=30, host=machine.host,
                   wrapper=machine.wrapper)
    board = storm.board
    begin(storm, timeout_seconds=2)
    for left in times(2, 20):
        with storm.confirming(storm.forms(10), pause_s=0.1):
            storm.until_some(left)
            storm.nap(0.05)
            machine.pull()
            if left % 2:
                storm.journal.kill()
            broken = board.log.count("relay is out of order")
            board.until(lambda: board.log.count("relay is out of order") >
                        broken or not storm.left(), "it is noticed", 60)
            storm.nap(1)
        storm.disturbed()
        if left % 2:
            storm.journal.start()
        machine.plug()
        storm.check()
        until_it_goes_on(storm)
    end(storm, figures)


# --- the disk

def empty_log(state):
    """So that the next commit needs room, which a log that was emptied and kept
    its length would have for thousands of mails."""
    path = state / "briefingd.db"
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
        until(lambda: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
              == (0, 0, 0), "the log is empty")


def until_the_disk_is_full(storm, filler):
    """The server says nothing meanwhile: what it says then is to be committed."""
    board = storm.board
    full = board.log.count("store can't commit")
    storm.journal.process.send_signal(signal.SIGSTOP)
    try:
        empty_log(filler.parent)
        fill(filler)
        assert storm.left()
    finally:
        storm.journal.process.send_signal(signal.SIGCONT)
    board.until(lambda: board.log.count("store can't commit") > full,
                "it can't commit", 120)


def fill_and_free(storm, filler):
    until_the_disk_is_full(storm, filler)
    stands_still(storm, 1)
    storm.disturbed()
    filler.unlink()
    until_it_goes_on(storm)


def fill_and_kill(storm, filler):
    """It need not start before there is room."""
    until_the_disk_is_full(storm, filler)
    storm.kill()
    storm.board.start(wait=False)
    storm.nap(0.5)
    storm.kill()
    filler.unlink()
    storm.board.start()


@pytest.mark.skipif(not IS_ROOT, reason="mounts a small file system")
@pytest.mark.parametrize("disturb", [fill_and_free, fill_and_kill])
def test_f20_the_disk_is_full(storms, figures, disturb):
    storm = storms(SENDERS, delay_ms=30)
    state = storm.board.folder / "state"
    with mounted(state, "size=96m"):
        try:
            begin(storm)
            for left in times(1, 6):
                with storm.confirming(storm.forms(10), pause_s=0.1):
                    storm.until_some(left + 1, reserve=100)
                    disturb(storm, state / "filler")
                storm.check()
            end(storm, figures)
            # whoever lives knows what became of each mail
            assert disturb is fill_and_kill or not storm.caused
            storm.board.stop()
        finally:
            if storm.board.is_running:
                storm.board.kill()


# --- standing still

def stand_still(storm, seconds, real_seconds):
    """The server's patience is over long before, and so is the daemon's own;
    SIGSTOP halts no clock."""
    storm.board.process.send_signal(signal.SIGSTOP)
    storm.board.advance(seconds - real_seconds)
    time.sleep(real_seconds)
    storm.disturbed()
    storm.board.process.send_signal(signal.SIGCONT)


def test_f20_it_stands_still_for_a_minute(storms, figures):
    storm = storms(SENDERS, delay_ms=30, idle_seconds=1)
    begin(storm, timeout_seconds=2)
    for left in times(2, 20):
        with storm.confirming(storm.forms(10), pause_s=0.1):
            storm.until_some(left)
            storm.nap(0.05)
            stand_still(storm, 60, 60 if IS_SOAK and left == 1 else 3)
        storm.check()
        until_it_goes_on(storm)
    end(storm, figures)
    assert storm.promised
    assert not storm.caused  # what the server said meanwhile is still there


# --- the clock; it is looked at within half a minute, or when asked to

def jump(board, seconds):
    board.jump(seconds)
    look(board)


def jump_forward_and_return(storm, _):
    board = storm.board
    jump(board, DAY)
    until_held(board)
    stands_still(storm, 1)
    jump(board, -DAY)
    until_trusted(board, "returned")


def jump_back_and_return(storm, left):
    board = storm.board
    seen = board.log.count("clock went back")
    jump(board, -DAY)
    board.until(lambda: board.log.count("clock went back") > seen, "it is seen")
    until_it_goes_on(storm)
    jump(board, DAY)
    until_held(board)
    stands_still(storm, 1)
    if left % 2:
        board.ctl("resume")
        until_trusted(board, "resumed")
    else:
        board.synchronise()
        look(board)
        until_trusted(board, "synchronised")
        board.synchronise(False)


def drop_embargoed(storm):
    then = storm.board.now + datetime.timedelta(hours=20)
    storm.drop(not_before=then.strftime("%Y-%m-%dT%H:%M"))


def check_embargo(storm):
    storm.judge()
    early = [mail for [mail, *_] in storm.copies.values()
             if storm.briefings in mail.briefings]
    assert not early, f"{len(early)} went before their time"


def test_f20_the_clock_jumps_by_a_day(storms, figures):
    """What is embargoed stays so until the time has really come."""
    storm = storms(SENDERS, delay_ms=30)
    board = storm.board
    begin(storm)
    drop_embargoed(storm)
    for left in times(1, 8):
        for disturb in (jump_forward_and_return, jump_back_and_return):
            with storm.confirming(storm.forms(10), pause_s=0.1):
                storm.until_some(2 * left)
                disturb(storm, left)
            storm.disturbed()
            storm.check()
            check_embargo(storm)
            until_it_goes_on(storm)
    board.advance(20 * 3600)
    look(board)
    end(storm, figures)
    assert storm.promised
    assert not storm.caused


# --- doctored runs, of which the storm's judge must not think well; beside each
# the same run as it should be

def what_is_wrong(judge, *arguments):
    try:
        judge(*arguments)
    except AssertionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("undone, words", [
    (None, ""), ("outbox_mend", "it goes on by itself")])
def test_f30_what_is_not_mended_is_known(storms, undone, words):
    """What was due under the clock before it went back waits for that time."""
    storm = storms(SENDERS, delay_ms=300)
    if undone:
        storm.board.without(undone)
    begin(storm)
    storm.board.until(lambda: storm.query("SELECT count(*) FROM delivery") ==
                      storm.members, "all is planned")
    assert storm.left() > storm.members / 2
    storm.patience_s = 10
    told = what_is_wrong(jump_back_and_return, storm, 1)
    assert words in told if words else not told


@pytest.mark.parametrize("is_believed", [False, True])
def test_f30_a_clock_that_is_believed_is_known(storms, is_believed):
    """The kernel calls it right, so that nothing is held."""
    storm = storms(SENDERS, delay_ms=30)
    board = storm.board
    begin(storm)
    drop_embargoed(storm)
    board.until(lambda: board.facts("status")["briefings"] == 2, "both")
    board.synchronise(is_believed)
    jump(board, DAY)
    if is_believed:
        board.until(lambda: what_is_wrong(check_embargo, storm),
                    "the judge knows")
    else:
        until_held(board)
        stands_still(storm, 1)
        check_embargo(storm)
