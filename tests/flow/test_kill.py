"""SIGKILL at any moment: nothing is lost, nothing that was promised is taken
back, and hardly anything goes twice."""
import collections
import itertools
import os

from conftest import IS_SOAK
from servers import until

KILLS = 50 if IS_SOAK else int(os.environ.get("KILLS", 6))
LISTS = {"police": 170, "health": 150}
BOTH = 20  # people on both lists: one duty each

# one long run, whole: kills, senders, members of each list
RUN_KILLS, RUN_SENDERS, RUN_LISTS = \
    (200, 8, {"police": 12000, "health": 8000}) if IS_SOAK else \
    (6, 8, {"police": 360, "health": 240})


def check_that_it_was_one(storm):
    """A storm in which nothing happened proves nothing."""
    assert storm.under_way > 0
    assert storm.promised
    assert storm.caused


# --- kills while it does one thing or another

def during_intake(storm):
    storm.drop()
    storm.nap(0.25)


def during_planning(storm):
    before = storm.query("SELECT max(rowid) FROM delivery") or 0
    storm.drop()
    with storm.board.store() as db:
        until(lambda: db.execute(
            "SELECT 1 FROM digest WHERE state = 'planning' UNION ALL"
            " SELECT 1 FROM delivery WHERE id > ?", (before,)).fetchone(),
            "planning begins")
    storm.nap(0.03)


def during_sending(storm):
    before = storm.journal.count
    storm.drop()
    storm.until_mails(before + 1)
    storm.nap(0.4)


def during_acknowledging(storm):
    storm.drop()
    storm.nap(0.3)


def test_f10_killed_at_any_moment(storms, figures):
    storm = storms(4, delay_ms=8)
    storm.begin(LISTS, BOTH)
    storm.drop()
    storm.until_mails(storm.members)
    moments = itertools.cycle((during_intake, during_planning, during_sending,
                               during_acknowledging))
    kills = collections.Counter()
    for moment in itertools.islice(moments, KILLS):
        kills[moment.__name__] += 1
        forms = storm.forms(80 if moment is during_acknowledging else 20)
        with storm.confirming(forms):
            moment(storm)
            storm.kill()
        storm.board.start()
        storm.check()
    storm.check_all_arrived()
    figures(f"{storm.figures()} " + " ".join(
        f"{moment}={count}" for moment, count in kills.items()))
    check_that_it_was_one(storm)


# --- kills all along one run

def kill_while_it_starts(storm):
    storm.board.start(wait=False)
    storm.nap(0.2)
    storm.kill()


def kill_while_it_sends(storm, left):
    storm.board.start()
    with storm.confirming(storm.forms(20), pause_s=0.02):
        storm.until_some(left)
        storm.nap(0.05)
        storm.kill()


def test_f20_killed_all_along_a_run(storms, figures):
    storm = storms(RUN_SENDERS, delay_ms=60)
    storm.board.slow_disk()
    storm.begin(RUN_LISTS)
    storm.drop()
    storm.until_mails(1)
    storm.kill()
    for left in range(RUN_KILLS - 1, 0, -1):
        if storm.dice.random() < 0.1:
            kill_while_it_starts(storm)
        else:
            kill_while_it_sends(storm, left)
        storm.check()
    storm.board.start()
    storm.check_all_arrived()
    figures(storm.figures())
    check_that_it_was_one(storm)
