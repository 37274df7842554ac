"""Whether time tells what a page does not: of two kinds of requests, asked in
turn, how often the one kind takes longer than the other. One half: nobody can
tell them apart. It is the effect size of the rank test of Mann and Whitney,
whose p stands beside it.

A watcher also sees what the daemon does after its answer, by asking for
something cheap again and again: that is the time of the slowest such request in
the moments after.
"""
import contextlib
import http.client
import random
import re
import statistics
import time
import urllib.parse

from web import FORM_SECONDS, MAIL_SECONDS, readers, tell
from table import Row

WATCH_S = 0.03  # after an answer
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def compare(left, right):
    """(how often a value of left is above one of right, p of the test)."""
    ranked = sorted([(value, 0) for value in left] +
                    [(value, 1) for value in right])
    sum_of_left, at = 0.0, 0
    while at < len(ranked):
        end = at  # those that are equal share their ranks
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        sum_of_left += (at + 1 + end) / 2 * sum(
            kind == 0 for _, kind in ranked[at:end])
        at = end
    n, m = len(left), len(right)
    above = sum_of_left - n * (n + 1) / 2
    z = (above - n * m / 2) / (n * m * (n + m + 1) / 12) ** 0.5
    return above / (n * m), 2 * (1 - statistics.NormalDist().cdf(abs(z)))


class Watcher:
    """Two connections that are kept: one asks, one watches."""

    def __init__(self, port):
        self.links = [http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                      for _ in range(2)]

    def ask(self, link, *request):
        began = time.perf_counter()
        self.links[link].request(*request)
        response = self.links[link].getresponse()
        body = response.read()
        return time.perf_counter() - began, response.status, body

    def close(self):
        for link in self.links:
            link.close()

    def post(self, path, fields):
        """(seconds to the answer, the slowest of what came after, the page)"""
        seconds, status, body = self.ask(0, "POST", path,
                                         urllib.parse.urlencode(fields), FORM)
        assert status == 200, body
        end = time.perf_counter() + WATCH_S
        slowest = 0
        while time.perf_counter() < end:
            slowest = max(slowest, self.ask(1, "GET", "/healthz")[0])
        return seconds, slowest, body


def row(work, left, right, names):
    above, p = compare(left, right)
    return Row(f"told by time: {work}", f"{above:.3f}, p = {p:.2g}", names,
               "0.500", max(above, 1 - above), 0.55, most=True,
               text="of pairs")


# --- a link that is asked for (web/forward)

KINDS = {"member": lambda n: f"m{n}@police.example",  # gets their own link
         "colleague": lambda n: f"x{n}@police.example",  # a guest's
         "stranger": lambda n: f"x{n}@elsewhere.example"}  # none


def asked_rows(scene, links, watcher):
    """Each of the list's mails was passed on to one of the three kinds, in a
    random order, and the addresses of all differ."""
    paths = [link.replace("/a/", "/f/") for link in links]
    fields = [re.search(rb' name="form" value="(\w+)"',
                        watcher.ask(0, "GET", path)[2])[1].decode()
              for path in paths]
    scene.board.advance(FORM_SECONDS + 1)
    kinds = list(KINDS) * (len(paths) // len(KINDS))
    random.shuffle(kinds)
    answers = {kind: [] for kind in KINDS}
    afters = {kind: [] for kind in KINDS}
    pages = set()
    for n, (path, form, kind) in enumerate(zip(paths, fields, kinds)):
        seconds, after, page = watcher.post(
            path, [("form", form), ("address", KINDS[kind](n))])
        answers[kind].append(seconds)
        afters[kind].append(after)
        pages.add(page)
    assert len(pages) == 1
    for what, times in (("answer", answers), ("after", afters)):
        tell(f"{what}: " + ", ".join(
            f"{kind} {statistics.median(each) * 1000:.3f} ms"
            for kind, each in times.items()))
    return [row(f"{one} from {other}, by {what}", times[one], times[other],
                f"{one}s take longer than {other}s")
            for what, times in (("the answer", answers),
                                ("what comes after it", afters))
            for one, other in (("member", "stranger"),
                               ("colleague", "stranger"),
                               ("member", "colleague"))]


# --- a link's MAC

def mac_rows(good, watcher, count):
    """Wrong in its first digit or in its last only."""
    wrong = "0" if good[-1] != "0" else "1"
    early = good[:-20] + ("0" if good[-20] != "0" else "1") + good[-19:]
    late = good[:-1] + wrong
    times = {early: [], late: []}
    for _ in range(count):
        for path in random.sample((early, late), 2):
            seconds, status, _ = watcher.ask(0, "GET", path)
            assert status == 404
            times[path].append(seconds)
    return [row("how far a forged link is right", times[late], times[early],
                "right to the last digit takes longer")]


def time_rows(folder, options):
    members = min(options.members, 3000)
    with readers(folder, members, domains=["police.example"]) as scene:
        scene.slot()
        scene.board.advance(MAIL_SECONDS + 1)
        with contextlib.closing(Watcher(scene.board.port)) as watcher:
            links = scene.links()
            return mac_rows(links[0], watcher, members) + \
                asked_rows(scene, links, watcher)
