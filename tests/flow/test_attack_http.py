"""Who means harm and knows HTTP: no reader is kept out by it, no bytes are taken
for another request, and nothing grows."""
import contextlib
import re
import resource
import socket
import threading
import time

import pytest

from board import VARIANT
from conftest import IS_SOAK, _board
from test_pages import ANN, FORM, HEAD, raw

MANY = 10_000 if IS_SOAK else 2_000  # more than web.connections in any case
FILES = 2 * MANY  # the test's own
PAGE = b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
# a reader waits no longer; the sanitizers make it several times as slow
SLOW_S = 5.0 if VARIANT == "release" else 20.0


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    for board in _board(tmp_path_factory.mktemp("attack")):
        board.start()
        yield board


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < FILES:
        pytest.skip(f"at most {hard} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_within(grown_mb, most_mb):
    """The sanitizers keep what was freed, to see who still uses it."""
    return grown_mb < most_mb or VARIANT != "release"


def resident_mb(board):
    with open(f"/proc/{board.process.pid}/status") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1]) / 1024


class Crowd:
    """Connections that are opened, again where they were closed, and do what
    each(link, n) says each half second; n counts the times."""

    def __init__(self, board, count, each):
        self.board, self.count, self.each = board, count, each
        self.links, self.opened = [], 0
        self.is_over = False
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        self.board.until(lambda: self.opened >= self.count, "the crowd", 60)
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
        for link in self.links:
            link.close()

    def open(self):
        link = socket.socket()
        link.setblocking(False)
        link.connect_ex(("127.0.0.1", self.board.port))
        self.opened += 1
        return link

    def is_open(self, link):
        try:
            return link.recv(65536) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def run(self):
        n = 0
        while not self.is_over:
            while len(self.links) < self.count and not self.is_over:
                self.links.append(self.open())
                # as fast as a machine can would only measure this one's
                if len(self.links) % 100 == 0:
                    time.sleep(0.02)
            for link in self.links:
                with contextlib.suppress(OSError):
                    self.each(link, n)
            n += 1
            kept = [link for link in self.links if self.is_open(link)]
            for link in set(self.links) - set(kept):
                link.close()
            self.links = kept
            time.sleep(0.5)


def silent(link, n):
    pass


def by_bytes(text):
    def each(link, n):
        link.send(text[n % len(text):][:1])
    return each


CROWDS = {
    "silent": silent,
    "headers byte by byte": by_bytes(b"GET /c HTTP/1.1\r\nX-Slow: " +
                                     b"x" * 5000),
    "a form byte by byte": lambda link, n: link.send(
        HEAD + b"Content-Length: 60000\r\n\r\n" if n == 0 else b"a"),
    "answers that nobody reads": lambda link, n: link.send(
        b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n" * 20),
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_f30_a_crowd_holds_connections(unclocked, recorder, many_files,
                                           crowd, figures):
    """Readers are answered, mail goes, memory stays."""
    board = unclocked
    board.relay(recorder)
    board.list("police", [f"{ANN},Ann"])
    board.start()
    board.live()
    before, times = resident_mb(board), []
    with Crowd(board, MANY, CROWDS[crowd]) as all_of_them:
        board.brief("LTB-1")
        for _ in range(50 if IS_SOAK else 15):
            began = time.monotonic()
            answer = raw(board, PAGE, SLOW_S)
            times.append(time.monotonic() - began)
            assert answer.startswith(b"HTTP/1.1 200"), (times, answer[:100])
            time.sleep(0.1)
        board.until(lambda: recorder.to(ANN), "her mail")
        grown = resident_mb(board) - before
    figures(f"{all_of_them.opened} connections opened, the slowest of "
            f"{len(times)} readers waited {max(times):.2f} s, "
            f"{grown:.0f} MB more")
    assert is_within(grown, 80)
    assert "can't" not in board.log, board.log


def test_f20_as_many_files_as_it_wants(board):
    """Its limit is raised to what its connections take, or it says so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        board.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wanted = 1000 + 512
    assert resource.prlimit(board.process.pid,
                            resource.RLIMIT_NOFILE)[0] == min(wanted, hard)
    assert ("may open too few files" in board.log) == (hard < wanted)


@pytest.mark.parametrize("web", [{"trusted_proxies": ["127.0.0.1"]},
                                 {"connections": 500}])
def test_f20_what_takes_a_restart_is_said(board, web):
    board.start()
    board.configure(web=web)
    board.reload()
    name = f"web.{next(iter(web))}"
    board.until(lambda: f"{name} changed, which takes a restart" in board.log,
                "it is said")


# --- what might be taken for another request

BEHIND = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"  # answers "ok"
# what is sent before it; the bytes behind must not be answered as a request,
# for a proxy may have taken them for a part of the form
SMUGGLED = {
    "length and chunks": HEAD + b"Content-Length: %d\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % len(BEHIND),
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\n"
    b"Content-Length: %d\r\n\r\n0\r\n\r\n" % len(BEHIND),
    "chunks with extensions": HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    b"0;x=\"\r\n\r\n",
    "chunks, spelt oddly": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n",
    "chunks behind a tab": HEAD + b"Transfer-Encoding:\tchunked\r\n\r\n"
    b"0\r\n\r\n",
    "two codings": HEAD + b"Transfer-Encoding: identity, chunked\r\n\r\n"
    b"0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n"
    % len(BEHIND),
    "two lengths in one": HEAD + b"Content-Length: 0, %d\r\n\r\n" % len(BEHIND),
    "the same length twice": HEAD + b"Content-Length: 0\r\n"
    b"content-length: 0\r\n\r\n",
    "a length with a sign": HEAD + b"Content-Length: +0\r\n\r\n",
    "a length in hexadecimal": HEAD + b"Content-Length: 0x0\r\n\r\n",
    "a length with a blank before": HEAD + b"Content-Length : %d\r\n\r\n"
    % len(BEHIND),
    "a folded header": HEAD + b"X: y\r\n Content-Length: 0\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BEHIND),
    "a length on a folded line": HEAD + b"Content-Length:\r\n %d\r\n\r\n"
    % len(BEHIND),
    "a length in two lines": HEAD + b"Content-Length: %d\r\n %d\r\n\r\n"
    % divmod(len(BEHIND), 10),
    "chunks on a folded line": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n"
    b"0\r\n\r\n",
    "a line of only CR": HEAD + b"X: y\rContent-Length: %d\r\n\r\n"
    % len(BEHIND),
    "a header without a colon": HEAD + b"Content-Length %d\r\n\r\n"
    % len(BEHIND),
    "a NUL in a header": HEAD + b"X: \0\r\nContent-Length: %d\r\n\r\n"
    % len(BEHIND),
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_f20_nothing_is_smuggled(office, name):
    data = SMUGGLED[name].replace(b"Connection: close\r\n", b"")
    answer = raw(office, data + BEHIND, seconds=3, end=True)
    assert b"\r\n\r\nok" not in answer, answer
    assert office.get("/healthz").status == 200


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
def test_f20_a_body_is_passed_over(office, method):
    """What is announced is taken, whatever the method, and what is behind is
    the next request."""
    answer = raw(office, HEAD.replace(b"POST", method)
                 .replace(b"Connection: close\r\n", b"") +
                 b"Content-Length: %d\r\n\r\n" % len(BEHIND) + BEHIND +
                 BEHIND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer.count(b"HTTP/1.1 ") == 2, answer
    assert answer.endswith(b"\r\n\r\nok")


ODD_LINES = {
    "HTTP/0.9": b"GET /c\r\n",
    "HTTP/0.9 and more": b"GET /c\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9": b"GET /c HTTP/9.9\r\nHost: x\r\n\r\n",
    "no version's number": b"GET /c HTTP/\r\nHost: x\r\n\r\n",
    "an absolute address": b"GET http://evil.example/c HTTP/1.1\r\n"
    b"Host: x\r\n\r\n",
    "a star": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "TRACE": b"TRACE /c HTTP/1.1\r\nHost: x\r\nX-Secret: seen\r\n\r\n",
    "no host": b"GET /c HTTP/1.1\r\n\r\n",
    "blanks in the address": b"GET /c /c HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of 100 KB": b"GET /c HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100000 +
    b"\r\n\r\n",
    "a name of 100 KB": b"GET /c HTTP/1.1\r\nHost: x\r\n" + b"y" * 100000 +
    b": x\r\n\r\n",
}


@pytest.mark.parametrize("name", ODD_LINES)
def test_f20_odd_first_lines(office, name):
    """No page for them, at most a refusal; and nothing is said back."""
    answer = raw(office, ODD_LINES[name], seconds=3, end=True)
    assert b" 200 " not in answer[:20], answer[:200]
    assert b"evil.example" not in answer and b"seen" not in answer


def test_f20_a_foreign_host_stands_nowhere(office):
    """Links and redirects are made of web.base alone."""
    for more in (b"Host: evil.example\r\n",
                 b"Host: x\r\nX-Forwarded-Host: evil.example\r\n"
                 b"X-Forwarded-Proto: gopher\r\nForwarded: host=evil.example"
                 b"\r\n"):
        for first in (b"GET /c", b"GET /nothing", b"GET /b",
                      b"GET /a/specimen"):
            answer = raw(office, first + b" HTTP/1.1\r\nConnection: close\r\n" +
                         more + b"\r\n")
            assert b"evil" not in answer and b"gopher" not in answer


def test_f20_forms_of_a_megabyte_leave_nothing(office, figures):
    def post(size):
        body = b"code=" + b"x" * (size - 5)
        return raw(office, HEAD + b"Content-Length: %d\r\n\r\n" % size + body)
    for _ in range(20):
        post(1 << 20)
    before = resident_mb(office)
    for _ in range(300):
        answer = post(1 << 20)
        # TCP may drop the answer when more comes than was wanted
        assert not answer or answer.startswith(b"HTTP/1.1 413"), answer[:100]
    grown = resident_mb(office) - before
    figures(f"{grown:.2f} MB more after 300 MB of forms")
    assert is_within(grown, 4)
    # just within: read, and found to be no code
    assert post(60_000).startswith(b"HTTP/1.1 200")


def test_f20_ten_thousand_fields(office):
    for body in (b"v=1&" * 10_000, b"v&" * 10_000, b"&" * 60_000,
                 b"=&" * 20_000):
        began = time.monotonic()
        answer = raw(office, HEAD + b"Content-Length: %d\r\n\r\n" % len(body) +
                     body)
        expected = b"200" if body.strip(b"&") == b"" else b"400"
        assert answer.split(b" ")[1] == expected, answer[:100]
        assert time.monotonic() - began < 2
    part = b'--xy\r\nContent-Disposition: form-data; name="v"\r\n\r\n1\r\n'
    body = part * 1000 + b"--xy--\r\n"
    answer = raw(office, HEAD.replace(
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=xy") +
        b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.split(b" ")[1] == b"400", answer[:100]


def test_f20_a_connection_goes_on_after_a_refusal(office):
    """What was refused by its form or address leaves the next request whole."""
    keep = HEAD.replace(b"Connection: close\r\n", b"")
    bad = [b"GET /%2e%2e/x HTTP/1.1\r\nHost: x\r\n\r\n",
           keep + b"Content-Length: 7\r\n\r\ncode=%f"[:-2] + b"\xff\xff",
           keep.replace(b"x-www-form-urlencoded", b"json") +
           b"Content-Length: 2\r\n\r\n{}",
           b"BREW /c HTTP/1.1\r\nHost: x\r\n\r\n",
           keep.replace(b"/c", b"/b") + b"Content-Length: 1\r\n\r\nx"]
    answer = raw(office, b"".join(bad) +
                 BEHIND.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [
        b"400", b"400", b"415", b"405", b"405", b"200"], answer


def test_f20_a_thousand_requests_at_once(office):
    """In their order, on one connection."""
    line = b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n"
    paths = [b"/healthz", b"/nothing", b"/c"]
    data = b"".join(line % (paths[n % 3], b"") for n in range(999)) + \
        line % (b"/healthz", b"Connection: close\r\n")
    with socket.create_connection(("127.0.0.1", office.port), 10) as link:
        sender = threading.Thread(target=link.sendall, args=(data,))
        sender.start()
        answer = b""
        while part := link.recv(65536):
            answer += part
        sender.join()
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == \
        [b"200", b"404", b"200"] * 333 + [b"200"]


# --- who asks

def wrong_codes(board, forwarded, count):
    """The statuses of so many wrong codes from a client that says who it is."""
    return [board.request("POST", "/c", "code=7k3m-9x2p-4ab1",
                          FORM | {"X-Forwarded-For": forwarded(n)}).status
            for n in range(count)]


def test_f20_a_client_can_not_say_that_it_is_another(board):
    """Without a trusted proxy the header is nothing: tries are counted to who is
    connected, however many names they take."""
    board.start()
    assert 429 in wrong_codes(board, lambda n: f"10.0.0.{n}", 25)


@pytest.mark.parametrize("forwarded", [
    lambda n: f"10.0.0.{n}, 192.0.2.7",
    lambda n: f"192.0.2.{n}:80, junk, 192.0.2.7",
    lambda n: "127.0.0.1, 192.0.2.7, 127.0.0.1",
    lambda n: f"{'x, ' * 50}192.0.2.7",
], ids=["in front", "junk before", "proxies between", "long"])
def test_f20_only_what_the_proxy_added_counts(board, forwarded):
    board.configure(web={"trusted_proxies": ["127.0.0.1"]})
    board.start()
    assert 429 in wrong_codes(board, forwarded, 25)
    # and another behind the same proxy is not held up by it
    assert wrong_codes(board, lambda n: "192.0.2.8", 1) == [200]
