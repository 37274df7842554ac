"""XOAUTH2 with the client credentials flow: a token server and a relay that
knows which tokens are good."""
import http.server
import json
import os
import threading
import time
import urllib.parse

import pytest
from aiosmtpd.smtp import AuthResult

from mailboxes import DONE, Dovecot, returned
from servers import Recorder

SECRET = "s3cret-of-the-board"


class TokenServer:
    """Gives token-1, token-2 ... to whoever knows the secret; answer may be
    set to (status, body) to say something else, after wait_s seconds."""

    def __init__(self, authority, life=3600):
        self.given, self.asked, self.answer, self.life = [], 0, None, life
        self.wait_s = 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                form = urllib.parse.parse_qs(self.rfile.read(size).decode())
                status, body = server._answer(self.path, form)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.socket = authority.context().wrap_socket(self.http.socket,
                                                           server_side=True)
        self.url = f"https://localhost:{self.http.server_port}/tenant/token"
        self.thread = threading.Thread(target=self.http.serve_forever)

    def _answer(self, path, form):
        self.asked += 1
        time.sleep(self.wait_s)
        if self.answer:
            return self.answer
        wanted = {"grant_type": ["client_credentials"],
                  "client_id": ["briefingd"], "client_secret": [SECRET],
                  "scope": ["https://relay.example/.default"]}
        if path != "/tenant/token" or form != wanted:
            return 400, b'{"error": "invalid_client"}'
        self.given.append(f"token-{len(self.given) + 1}")
        return 200, json.dumps({"token_type": "Bearer",
                                "expires_in": self.life,
                                "access_token": self.given[-1]}).encode()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


class Relay(Recorder):
    """Takes the user with a good token. A bad one is answered as Microsoft's
    servers do (535) or as Google's (334 with an error, then 535)."""

    def __init__(self, authority, explains=False):
        super().__init__(authority, user="board@relay.example")
        self.user = ""  # no password file for the board
        self.good, self.tried, self.explains = set(), [], explains
        self.busy = 0  # so many logins it takes of nobody

    async def auth_XOAUTH2(self, server, words):
        # libcurl waits to be asked
        assert words == ["XOAUTH2"]
        answer = (await server.challenge_auth("", log_client_response=False)
                  ).decode()
        user, bearer = answer.rstrip("\x01").split("\x01")
        assert user == "user=board@relay.example"
        assert bearer.startswith("auth=Bearer ")
        self.tried.append(bearer.removeprefix("auth=Bearer "))
        if self.busy:
            self.busy -= 1
            await server.push("454 4.7.0 Temporary authentication failure")
            return AuthResult(success=False, handled=True)
        if self.tried[-1] in self.good:
            return AuthResult(success=True, auth_data="board")
        if self.explains:
            await server.push("334 eyJzdGF0dXMiOiI0MDAifQ==")
            await server._reader.readline()
        await server.push("535 5.7.3 Authentication unsuccessful")
        return AuthResult(success=False, handled=True)


@pytest.fixture
def tokens(authority):
    with TokenServer(authority) as server:
        yield server


def begin(board, tokens, *relays, rows=6):
    secret = board.folder / "client-secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    board.relays(**{f"relay{i}": each for i, each in enumerate(relays)})
    for relay, values in zip(relays, board.settings["relays"]):
        if isinstance(relay, Relay):
            values |= {"auth": "xoauth2", "user": "board@relay.example"}
    board.configure(oauth={
        "token_url": tokens.url, "client_id": "briefingd",
        "client_secret_file": str(secret), "ca_file": str(relays[0].ca),
        "scope": "https://relay.example/.default"})
    board.list("police", [f"m{i}@police.example,Member {i}"
                          for i in range(rows)])
    board.start()
    board.live()
    board.brief("LTB-1")


def accepted(board, count):
    board.until(lambda: board.value("SELECT count(*) FROM delivery"
                                    " WHERE state = 'accepted'") == count,
                f"{count} accepted")


def assert_untold(board, tokens):
    for secret in (SECRET, *tokens.given):
        assert secret not in board.log


def test_f10_a_token_is_fetched_and_mails_go(board, authority, tokens):
    with Relay(authority) as relay:
        relay.good = {"token-1"}
        begin(board, tokens, relay)
        accepted(board, 6)
        assert tokens.given == ["token-1"] and set(relay.tried) == {"token-1"}
        assert all(mail.tls for mail in relay.mails)
        assert_untold(board, tokens)


@pytest.mark.parametrize("explains", [False, True])
def test_f20_a_refused_token_is_renewed_once(board, authority, tokens,
                                             explains):
    with Relay(authority, explains) as relay:
        relay.good = {"token-2"}
        begin(board, tokens, relay)
        accepted(board, 6)
        assert tokens.given == ["token-1", "token-2"]
        # a login is not the mail's fault, and the relay is in order
        assert board.value("SELECT count(*) FROM attempt WHERE counts = 1"
                           " AND outcome = 'later'") == 0
        assert "out of order" not in board.log
        assert_untold(board, tokens)


def test_f20_a_login_that_is_put_off_costs_no_token(board, authority, tokens):
    """It is the relay that is in trouble."""
    with Relay(authority) as relay:
        relay.good, relay.busy = {"token-1"}, 3
        begin(board, tokens, relay, rows=1)
        accepted(board, 1)
        assert tokens.given == ["token-1"]
        assert "was refused" not in board.log
        assert "out of order relay=relay0 failures=3 code=454" in board.log
        assert board.rows("SELECT DISTINCT code, enhanced, text FROM attempt"
                          " WHERE outcome = 'later'") == [
            (454, "4.7.0", "4.7.0 Temporary authentication failure")]


@pytest.mark.parametrize("wait_s", [0, 3])
def test_f30_without_a_token_the_next_relay_takes_over(board, authority, tokens,
                                                       recorder, wait_s):
    """Also when all is planned by then and nothing else happens."""
    tokens.wait_s = wait_s
    tokens.answer = (401, b'{"error": "invalid_client",'
                          b' "error_description": "secret expired"}')
    with Relay(authority) as relay:
        begin(board, tokens, relay, recorder)
        accepted(board, 6)
        assert not relay.tried and len(recorder.mails) == 6
        assert "access token can't be fetched" in board.log
        assert_untold(board, tokens)


def test_f40_nonsense_is_no_token_and_nothing_is_lost(board, authority,
                                                      tokens):
    tokens.answer = (200, b'{"access_token": ["' + b"x" * 100000 + b'"]}')
    with Relay(authority) as relay:
        begin(board, tokens, relay)
        board.until(lambda: "access token can't be fetched" in board.log,
                    "the fault in the log")
        assert board.value("SELECT count(*) FROM attempt") == 0
        relay.good, tokens.answer = {"token-1"}, None
        accepted(board, 6)


# --- the mailbox

class Introspection:
    """Tells a real Dovecot which tokens are good (RFC 7662)."""

    def __init__(self):
        self.good, self.asked = set(), []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.urlsplit(self.path).query
                token = urllib.parse.parse_qs(query)["token"][0]
                server.asked.append(token)
                body = json.dumps({"active": token in server.good,
                                   "username": Dovecot.user}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/introspect"
        self.thread = threading.Thread(target=self.http.serve_forever)

    __enter__ = TokenServer.__enter__
    __exit__ = TokenServer.__exit__


@pytest.fixture
def imap(tmp_path, authority):
    """Dovecot with XOAUTH2, and who tells it which tokens are good."""
    if os.geteuid() != 0:
        pytest.skip("Dovecot runs as root only")
    with Introspection() as introspection, \
            Dovecot(tmp_path, authority, asks=introspection.url) as server:
        yield server, introspection


def begin_mailbox(board, tokens, recorder, server, **settings):
    values = {key: value for key, value in server.settings.items()
              if key != "password_file"}
    recorder.ca = server.authority.ca
    board.configure(mailbox=values | {"auth": "xoauth2"} | settings)
    begin(board, tokens, recorder, rows=1)
    return board.until(lambda: recorder.mails, "a mail")[0]


def test_f20_the_mailbox_logs_in_with_the_token(board, tokens, recorder, imap):
    server, introspection = imap
    introspection.good = {"token-1"}
    mail = begin_mailbox(board, tokens, recorder, server)
    server.deliver(returned(mail))
    board.until(lambda: len(server.mails(DONE)) == 1, "it is dealt with")
    assert tokens.given == ["token-1"]
    assert set(introspection.asked) == {"token-1"}
    assert_untold(board, tokens)


def test_f20_a_token_that_imap_refuses_is_renewed_once(board, tokens, recorder,
                                                       imap):
    server, introspection = imap
    introspection.good = {"token-2"}
    mail = begin_mailbox(board, tokens, recorder, server, poll_seconds=3600)
    server.deliver(returned(mail))
    board.until(lambda: len(server.mails(DONE)) == 1, "it is dealt with")
    assert tokens.given == ["token-1", "token-2"]
    # a token that wears out is no trouble
    assert "can't read the mailbox" not in board.log
    assert "problem" not in board.facts("status")["returned"]
    assert_untold(board, tokens)


def test_f30_tokens_that_imap_never_takes(board, tokens, recorder, imap):
    server, introspection = imap
    mail = begin_mailbox(board, tokens, recorder, server)
    board.until(lambda: "the login was refused" in board.facts("status")[
        "returned"].get("problem", ""), "status says it")
    # the second came at once, the third after a while
    assert 2 <= len(tokens.given) <= 3
    assert board.log.count("can't read the mailbox") == 1
    introspection.good = {f"token-{i}" for i in range(1, 20)}
    server.deliver(returned(mail))
    board.until(lambda: len(server.mails(DONE)) == 1, "it is dealt with")
    board.until(lambda: "problem" not in board.facts("status")["returned"],
                "all is well")
    assert_untold(board, tokens)
