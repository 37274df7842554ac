"""A relay that misbehaves at every stage with every fault. Each verdict is
judged twice: against what is wanted of it (RFC 5321, and what libcurl was seen
to do), and against the server's own raw bytes."""
import collections
import contextlib
import re
import subprocess

import pytest

from board import PROGRAMS
from conftest import IS_SOAK
from misbehave import FAULTS, Misbehaver, ResetScript, Script
from test_delivery import begin

MAILS = 3  # of each session: one is struck, the others must not be
# fewer and fewer, for those that were not as wanted: on a busy machine servers
# are late, which no case speaks of
AT_ONCE, GREAT_AT_ONCE = (48, 16, 4), (4, 2)
PATIENCE_MS = 2000
SIZE, BIG = 20000, 6000000  # more than the kernel takes in advance

SILENT = ("stall", "half-stall", "unended-stall", "late", "endless", "dribble",
          "garbage")
LOST = ("drop", "rst", "half-drop", "code-drop", "unended-drop", "unended-rst")
REFUSED = ("refuse", "refuse-drop", "tall-refuse")
DIALOGUE = (*SILENT, *LOST, *REFUSED, "wide", "tall", "nul", "later", "421",
            "421-stay", "twice", "199", "221", "999")
OUT_OF_PLACE = {"mail": ("354", "251"), "rcpt": ("354",),
                "data": ("250", "early-250", "early-wait"),
                "dot": ("354", "251")}
MIDDLE = ("deaf", "drop", "rst", "refuse-drop", "421")
TLS = ("wrong-name", "stranger", "expired", "old", "plain", "noise", "alert",
       "stall", "drop", "rst", "shaken-drop", "shaken-rst", "shaken-stall")
IDLE = ("idle-drop", "idle-rst", "idle-421", "idle-451", "idle-554",
        "idle-554-stay", "idle-250", "idle-354", "idle-garbage", "idle-half",
        "idle-wide",
        "idle-nul", "glued-250", "glued-550", "glued-451", "glued-many")

# struck: the number of the mail, or of the connection before there is one
Case = collections.namedtuple("Case", "stage fault tls struck in_one_go",
                              defaults=[False])
Verdict = collections.namedtuple("Verdict", "outcome code tls text")


def cases():
    for fault in ("closed", "stall", "drop", "rst"):
        yield Case("connect", fault, "none", 0)
    for tls, stages in (
            ("none", ("banner", "ehlo", "auth", "login")),
            ("starttls", ("banner", "ehlo", "starttls", "ehlo2", "auth",
                          "login")),
            ("implicit", ("banner", "ehlo", "auth", "login"))):
        for stage in stages:
            for fault in DIALOGUE:
                yield Case(stage, fault, tls, 0)
    for fault in ("inject", "inject-220", "inject-later"):
        yield Case("starttls", fault, "starttls", 0)
    yield Case("ehlo", "withheld", "starttls", 0)
    for tls in ("starttls", "implicit"):
        for fault in TLS:
            yield Case("tls", fault, tls, 0)
    for tls, in_one_go in (("none", False), ("none", True), ("starttls", True)):
        for struck in (0, 1):
            for stage, more in OUT_OF_PLACE.items():
                for fault in (*DIALOGUE, *more):
                    yield Case(stage, fault, tls, struck, in_one_go)
            for fault in MIDDLE:
                yield Case("middle", fault, tls, struck, in_one_go)
        for fault in IDLE:
            yield Case("after", fault, tls, 1, in_one_go)
        for fault in DIALOGUE:
            yield Case("quit", fault, tls, 0, in_one_go)
            if not in_one_go:  # there, 354 came, and the connection goes
                yield Case("reset", fault, tls, 1)


def sample(dice):
    """All in soak, with their numbers; else of each stage with each fault and
    kind of TLS any one."""
    numbered = list(enumerate(cases()))
    if IS_SOAK:
        return numbered
    dice.shuffle(numbered)
    return list({(case.stage, case.fault, case.tls): (number, case)
                 for number, case in numbered}.values())


# On a connection that was kept, where nothing was sent yet: a fresh one is tried.
GONE = (*LOST, "endless", "421", "421-stay", "199", "999")
AGAIN = {"mail": (*GONE, *REFUSED, "later", "354", "twice"),
         "rcpt": (*GONE, "354", "twice"), "data": (*GONE, "221", "250")}
NO = {"refuse": ("refused", 550), "refuse-drop": ("refused", 554),
      "tall-refuse": ("refused", 550), "later": ("later", 450),
      "421": ("later", 421), "421-stay": ("later", 421)}
# an answer too many may be in one packet with the right one
STRAY = ("twice", "early-250", "early-wait", "glued-250")


def wanted(case):
    """What may become of the mail that is struck: (outcome, code)."""
    accepted, later, unsure = ("accepted", 250), ("later", 0), ("unsure", 0)
    stage, fault = case.stage, case.fault
    if stage == "quit" or fault in ("wide", "nul"):
        return [accepted]
    if fault == "tall" and not stage.startswith("ehlo"):
        return [accepted]
    if stage in ("after", "reset"):  # nothing was sent: a fresh one takes it
        return [accepted, later] if fault in STRAY else [accepted]
    if stage == "dot":
        yes = {"twice": accepted, "221": ("accepted", 221),
               "251": ("accepted", 251)}
        return [(NO | yes).get(fault, unsure)]
    if stage == "middle":
        return [NO.get(fault, later)]
    if fault in ("early-250", "early-wait"):
        return [accepted, later]
    if stage == "data" and fault == "twice":  # 354 is no answer to the dot
        return [unsure, later]
    if case.struck and fault in AGAIN.get(stage, ()):
        return [accepted]
    if stage in AGAIN:
        is_fine = fault in ("221", "251") and stage != "data"
        return [accepted] if is_fine else [NO.get(fault, later)]
    if fault in STRAY:
        return [accepted, later]
    return [before_the_mail(stage, fault, case.tls)]


def before_the_mail(stage, fault, tls):
    """Nobody's mail was spoken of: whatever is said, it goes later."""
    is_greeting = stage in ("banner", "ehlo", "ehlo2")
    is_offer = stage == "ehlo" and tls == "starttls"
    if fault == "221" and is_greeting and not is_offer:  # any 2xx is a yes
        return "accepted", 250
    # libcurl reads no more than 64 KB of what a relay offers
    if stage.startswith("ehlo") and fault.startswith("tall"):
        return "later", 0
    return "later", NO.get(fault, ("later", 0))[1]


def run(servers, ca, at_once):
    """Each session's verdicts, by its name."""
    jobs = "".join("\t".join(map(str, (
        name, server.port, case.tls, ca if case.tls != "none" else "-",
        server.user or "-", PATIENCE_MS,
        BIG if case.stage == "middle" else SIZE, MAILS,
        300 if case.stage == "after" else 0))) + "\n"
        for name, (case, server) in servers.items())
    done = subprocess.run([PROGRAMS / "tests/smtp_driver", str(at_once)],
                          input=jobs.encode(), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    verdicts = collections.defaultdict(list)
    for line in done.stdout.decode().splitlines():
        name, _, outcome, code, tls, _, text = line.split("\t")
        verdicts[name].append(Verdict(outcome, int(code), tls, text))
    return verdicts


def is_wanted(case, number, verdict):
    """The mail that is struck as the table says, the others not at all."""
    if case.stage == "reset" and number == 0:  # why there was a reset
        return verdict[:2] == ("refused", 550)
    if number == case.struck or case.fault == "closed":
        return verdict[:2] in wanted(case)
    # the mail before it: what is too many is read by the next
    is_next = case.fault in STRAY and number > case.struck
    return verdict[:2] == ("accepted", 250) or \
        (is_next and verdict[:2] == ("later", 0))


def whole(name, number, size):
    """The mail as smtp_driver.c makes it."""
    mail = f"Message-ID: <{name}.{number}@board.example>\r\n\r\n"
    line = "." + "0" * 7 + " sees the child alone, and says so\r\n"
    lines = -(-(size - len(mail)) // len(line))
    return (mail + "".join(f".{at:07} sees the child alone, and says so\r\n"
                           for at in range(max(0, lines))) +
            f"end of {name}.{number}\r\n").encode()


def check_bytes(name, number, verdict, server):
    """What the server has agrees with what was said of it."""
    to = f"{name}.{number}@case.example"
    taken = [each for each in server.takings if each.recipient == to]
    assert len(taken) <= 1  # a session never sends a mail twice
    if server.script.stage != "middle":
        for each in taken:
            assert each.raw == whole(name, number, SIZE)
    if verdict.outcome == "accepted":
        assert taken and taken[0].code // 100 == 2
    elif verdict.outcome == "unsure":
        assert not verdict.code
    elif taken:  # not sent, or it said no to the whole
        assert taken[0].code == verdict.code and verdict.code >= 400


def check_reply(name, number, verdict, server):
    """The reply that is told was said to this mail and no other."""
    said = number_of(verdict.text)
    if not said:
        return
    stage, code, to, _ = server.said[said]
    assert verdict.code in (code, 0)
    if stage in ("rcpt", "data", "dot"):
        assert to == f"{name}.{number}@case.example"
    if verdict.outcome == "accepted":
        assert stage == "dot"


def check_secrecy(case, verdicts, server):
    """Nothing but the greeting was said without TLS."""
    if case.tls == "none":
        return
    assert {stage for stage, _, _, is_tls in server.said.values()
            if not is_tls} <= {"banner", "ehlo", "starttls"}
    for verdict in verdicts:
        assert verdict.outcome == "later" or \
            verdict.tls in ("TLS1.2", "TLS1.3")


def check(name, case, verdicts, server):
    assert len(verdicts) == MAILS
    # before a reset there is the refusal
    assert server.faulted > (case.stage == "reset") or case.fault == "closed"
    for number, verdict in enumerate(verdicts):
        assert is_wanted(case, number, verdict), (number, verdict)
        check_bytes(name, number, verdict, server)
        check_reply(name, number, verdict, server)
    check_secrecy(case, verdicts, server)


def try_cases(named, authority, at_once):
    """What is wrong with each, by its name."""
    wrong = {}
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, case in named.items():
            # what comes after a mail is met by the next
            kind = ResetScript if case.stage == "reset" else Script
            script = kind(case.stage, case.fault,
                          mail=case.struck - (case.stage == "after"))
            servers[name] = case, stack.enter_context(Misbehaver(
                script, case.tls, authority,
                "briefingd" if case.stage in ("auth", "login") else "",
                in_one_go=case.in_one_go))
        verdicts = run(servers, authority.ca, at_once)
        for name, (case, server) in servers.items():
            try:
                check(name, case, verdicts[name], server)
            except AssertionError as error:
                wrong[name] = f"{name} {case}: {verdicts[name]}: {error}"
    return wrong


def test_f10_every_stage_with_every_fault(authority, dice):
    wrong, chosen = {}, sample(dice)
    # what is great makes the others late
    for is_great, passes in ((False, AT_ONCE), (True, GREAT_AT_ONCE)):
        named = left = {
            f"c{number}": case for number, case in chosen
            if (case.stage == "middle") == is_great}
        for at_once in passes:
            found = try_cases(left, authority, at_once)
            print(f"{at_once} at once:", *found.values(), sep="\n")
            if not found or len(found) > len(named) / 2:
                break
            left = {name: named[name] for name in found}
        wrong |= found
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong.values())


# --- what is recorded

ENHANCED = {"refuse": "5.7.1", "refuse-drop": "5.7.1", "later": "4.2.0",
            "421": "4.3.2", "421-stay": "4.3.2"}
SLOW = {*SILENT} - {"endless"}
Attempt = collections.namedtuple(
    "Attempt", "outcome code enhanced text queue_id tls duration_ms began_at"
    " ended_at address")


def attempts_of(board, column, value):
    """Of a relay that has one sender or of a delivery, in their order."""
    return [Attempt(*row) for row in board.rows(
        "SELECT t.outcome, t.code, t.enhanced, t.text, t.queue_id, t.tls,"
        " t.duration_ms, t.began_at, t.ended_at, a.address FROM attempt t"
        " JOIN addressee a ON a.delivery_id = t.delivery_id"
        f" WHERE t.{column} = ? ORDER BY t.began_at, t.ended_at,"
        " instr('refused later unsure accepted', t.outcome), t.number",
        value)]


def number_of(text):
    """Of the reply that it quotes, at its end."""
    said = re.search(r"#([1-9]\d*)$", text)
    return int(said[1]) if said else 0


def check_accepted(attempt, server):
    number = number_of(attempt.text)
    assert attempt.text == \
        f"2.0.0 as it should be, queued as Q{number} #{number}"
    assert server.said[number][:3] == ("dot", 250, attempt.address)
    assert attempt.code == 250
    assert (attempt.enhanced, attempt.queue_id) == ("2.0.0", f"Q{number}")


def check_no_id(fault, attempt):
    assert attempt.queue_id == ""
    assert attempt.enhanced == (ENHANCED.get(fault, "") if attempt.code else "")


def check_time(case, attempt, is_struck):
    is_slow = is_struck and case.fault in SLOW and case.stage != "quit"
    assert is_slow == (attempt.duration_ms >= PATIENCE_MS - 10)
    # both ends are cut to their second
    assert abs(attempt.ended_at - attempt.began_at -
               attempt.duration_ms / 1000) < 1.1


class NamedScript(Script):
    """Strikes each recipient once, as their address says: dot-drop@..."""

    def __init__(self):
        super().__init__()
        self.struck = set()

    def is_now(self, talk, stage):
        name = talk.recipient.partition("@")[0]
        if name.partition("-")[0] != stage or name in self.struck:
            return False
        self.struck.add(name)
        return True

    def act(self, talk, stage):
        FAULTS[talk.recipient.partition("@")[0].partition("-")[2]](talk, stage)


def test_f10_what_is_recorded_of_it(board):
    """The daemon's own records of the same, against the server's bytes."""
    names = [f"{stage}-{fault}" for stage in ("rcpt", "data", "dot")
             for fault in (*DIALOGUE, *OUT_OF_PLACE[stage])
             if fault not in STRAY]  # which strike others
    with Misbehaver(NamedScript()) as server:
        board.configure(relay={"connections": 16, "timeout_seconds": 2})
        begin(board, server, [f"{name}@case.example,Some One"
                              for name in names])
        board.brief("LTB-1")
        gone = len([name for name in names if name.endswith(REFUSED)])
        until_all(board, refused=gone, accepted=len(names) - gone)
        for name in names:
            check_records(board, server, name)
        board.invariants()


def until_all(board, **states):
    broken = 0

    def are_there():
        nonlocal broken
        if (count := board.log.count("relay is out of order")) > broken:
            broken = count
            board.reload()  # so that it counts as in order, without a pause
        queue = board.facts("status")["queue"]
        return all(queue[state] == states[state] for state in states)
    board.until(are_there, f"{states}", 120)


def check_records(board, server, name):
    address = f"{name}@case.example"
    [[delivery, state]] = board.rows(
        "SELECT id, state FROM delivery JOIN addressee ON delivery_id = id"
        " WHERE address = ?", address)
    attempts = attempts_of(board, "delivery_id", delivery)
    stage, _, fault = name.partition("-")
    case = Case(stage, fault, "none", 0)
    may_be = wanted(case) + wanted(case._replace(struck=1))
    assert attempts[0][:2] in may_be, (name, attempts)
    assert all(each.outcome == "accepted" for each in attempts[1:])
    assert state == attempts[-1].outcome, (name, state)
    for attempt in attempts:
        check_columns(case, attempt, attempt is attempts[0], server)
    check_takings(server, address, stage, attempts)


def check_columns(case, attempt, is_struck, server):
    assert attempt.tls == ""
    check_time(case, attempt, is_struck)
    if attempt.outcome != "accepted":
        check_no_id(case.fault, attempt)
    elif not (is_struck and case.stage == "dot"):
        check_accepted(attempt, server)


def check_takings(server, address, stage, attempts):
    taken = [each for each in server.takings if each.recipient == address]
    assert len({each.raw for each in taken}) <= 1
    told = [each[:2] for each in attempts
            if each.outcome in ("accepted", "unsure") or stage == "dot"]
    assert len(taken) == len(told), (address, attempts)
    for each, (outcome, code) in zip(taken, told):
        is_no = 400 <= each.code <= 599
        assert is_no == (outcome in ("later", "refused"))
        assert outcome == "unsure" or code // 100 == each.code // 100
    for each in attempts:
        if number := number_of(each.text):
            assert server.said[number][2] in ("", address)


# --- what belongs to no mail of its own: login, RSET and QUIT. Each fault has a
# relay of its name, which takes that many mails a day: one after the other of
# what the relays before it did not take.

MAILS_OF = {"auth": 1, "login": 1, "reset": 2, "quit": 2}
RELAYS_MAX = 8
LOGIN_WORDS = {
    **dict.fromkeys(SLOW, "the relay gave no answer in time"),
    **dict.fromkeys((*LOST, "endless"), "the connection was lost"),
    **dict.fromkeys(("refuse", "refuse-drop"),
                    "the relay refused the login: 5.7.1 no #"),
    **dict.fromkeys(("199", "221", "999"), "the relay refused the login"),
    "tall-refuse": "the relay refused the login: yyy",
    # at AUTH the second is the answer to the user and password
    "twice": "the relay refused the login",
    "later": "4.2.0 not now #", "421": "4.3.2 going #",
    "421-stay": "4.3.2 going #"}


def relay_of(stage, fault, tls, authority):
    kind = ResetScript if stage == "reset" else Script
    return Misbehaver(kind(stage, fault, None), tls,
                      authority if tls != "none" else None,
                      "briefingd" if stage in ("auth", "login") else "")


def use_relays(board, servers, mails=0, **settings):
    board.relays(**servers)
    for relay in board.settings["relays"]:
        relay.update(settings, connections=1, timeout_seconds=2,
                     messages_per_day=mails)
    board.configure()
    if board.is_running:
        board.reload()


def check_not_sent(stage, fault, attempt, server):
    check_no_id(fault, attempt)
    if stage in ("auth", "login"):
        assert attempt.text.startswith(LOGIN_WORDS[fault])
    if number := number_of(attempt.text):
        assert server.said[number][:2] == (stage, attempt.code)


def check_refused(attempt, server):
    """The mail for whose sake there is a reset."""
    assert attempt[:3] == ("refused", 550, "5.7.1")
    number = number_of(attempt.text)
    assert attempt.text == f"5.7.1 no #{number}"
    assert server.said[number][:3] == ("rcpt", 550, attempt.address)
    assert attempt.queue_id == ""


def check_recorded(case, attempts, server):
    struck = attempts[-1] if case.stage != "quit" else None
    assert server.faulted
    for attempt in attempts:
        is_struck = attempt is struck
        assert attempt.tls == ("" if case.tls == "none" else "TLS1.3")
        check_time(case, attempt, is_struck)
        if case.stage == "reset" and not is_struck:
            check_refused(attempt, server)
            continue
        assert attempt[:2] in (wanted(case) if is_struck else
                               [("accepted", 250)])
        if attempt.outcome == "accepted":
            check_accepted(attempt, server)
        else:
            check_not_sent(case.stage, case.fault, attempt, server)
    taken = [attempt for attempt in attempts if attempt.outcome == "accepted"]
    assert [(each.recipient, each.code) for each in server.takings] == \
        [(each.address, each.code) for each in taken]
    assert case.stage != "quit" or server.quits == len(attempts)


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
@pytest.mark.parametrize("stage", MAILS_OF)
def test_f20_what_is_recorded_at(board, authority, stage, tls):
    mails, names = MAILS_OF[stage], [f"{stage}-{each}" for each in DIALOGUE]
    settings = {"messages_per_connection": 1} if stage == "quit" else {}
    board.list("police", [f"m{i}@police.example,Member {i}"
                          for i in range(len(names) * mails)])
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(
            relay_of(stage, fault, tls, authority))
            for name, fault in zip(names, DIALOGUE)}
        for at in range(0, len(names), RELAYS_MAX):
            these = {name: servers[name]
                     for name in names[at:at + RELAYS_MAX]}
            use_relays(board, these, mails, **settings)
            if at == 0:
                board.start()
                board.live()
                board.brief("LTB-1")
            for name in these:
                board.until(lambda: len(attempts_of(board, "relay", name)) ==
                            mails, f"the mails of {name}")
        wrong = []
        for name, fault in zip(names, DIALOGUE):
            attempts = attempts_of(board, "relay", name)
            try:
                check_recorded(Case(stage, fault, tls, 0), attempts,
                               servers[name])
            except AssertionError as error:
                wrong.append(f"{name}: {attempts}: {error}")
        use_relays(board, {"good": stack.enter_context(
            Misbehaver(Script(), tls, authority if tls != "none" else None))})
        board.until(lambda: board.value(
            "SELECT count(*) FROM delivery WHERE state NOT IN"
            " ('accepted', 'refused')") == 0, "the others are sent")
        board.invariants()
    assert not wrong, "\n".join(wrong)
