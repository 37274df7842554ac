import os
import random
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from board import Board  # noqa: E402
from servers import Authority, Journal, Postfix, Recorder, Sink  # noqa: E402
from storm import Storm  # noqa: E402

# how often the crash tests kill: all of it in "make soak"
IS_SOAK = bool(os.environ.get("SOAK"))


@pytest.fixture
def figures(request):
    """figures(text): what a test measured, told when all have run; it travels
    with the test's report, whichever process runs it."""
    told = request.node.user_properties
    return lambda text: told.append(("figure", f"{request.node.name}: {text}"))


def pytest_terminal_summary(terminalreporter):
    told = {text for reports in terminalreporter.stats.values()
            for report in reports
            for name, text in getattr(report, "user_properties", ())
            if name == "figure"}
    if told:
        terminalreporter.section("figures")
        for line in sorted(told):
            terminalreporter.write_line(line)


@pytest.fixture
def tmp_path():
    """Shorter than pytest's own: servers make sockets there, whose paths have 107
    bytes."""
    with tempfile.TemporaryDirectory(prefix="b-",
                                     ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def _board(tmp_path, ahead=0, **options):
    folder = tmp_path / "board"
    folder.mkdir()
    board = Board(folder, **options)
    if ahead:
        board.advance(ahead)
    try:
        yield board
        board.stop()
    finally:
        if board.is_running:
            board.kill()
        # pytest shows it when the test failed
        print(board.log)
        assert "runtime error:" not in board.log
        assert "Sanitizer" not in board.log


@pytest.fixture
def board(tmp_path):
    """A board whose daemon's clock is a minute ahead, so that a folder that was
    dropped just now is still."""
    yield from _board(tmp_path, clock=True, ahead=60)


@pytest.fixture
def clocked(tmp_path):
    """A board whose clock the test moves on."""
    yield from _board(tmp_path, clock=True)


@pytest.fixture
def unclocked(tmp_path):
    """A board as it is in life."""
    yield from _board(tmp_path)


@pytest.fixture
def recorder():
    with Recorder() as server:
        yield server


@pytest.fixture
def sink(tmp_path):
    """sink(*options): a smtp-sink."""
    open_sinks = []

    def make(*options, **more):
        open_sinks.append(Sink(tmp_path, *options, **more))
        return open_sinks[-1]
    yield make
    for server in open_sinks:
        server.__exit__()


@pytest.fixture
def postfix(tmp_path, authority):
    if os.geteuid() != 0:
        pytest.skip("Postfix runs as root only")
    with Postfix(tmp_path, authority) as server:
        yield server


@pytest.fixture
def dice(figures):
    """Any moment and any choice, the same again with SEED=."""
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}")
    figures(f"SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def storms(clocked, tmp_path, dice):
    """storms(senders, **journal): work that goes on, to be disturbed."""
    journals = []

    def make(senders, **options):
        journals.append(Journal(tmp_path, **options))
        return Storm(clocked, journals[-1], dice, senders)
    yield make
    for journal in journals:
        journal.__exit__()
