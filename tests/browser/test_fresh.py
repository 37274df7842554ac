"""Mail that arrived a moment ago: what programs do to it counts for nothing.

They follow every link within seconds in a real browser, run its scripts, and
submit what submits itself; bolder ones press what can be pressed.
"""
import re
import urllib.error
import urllib.request
from html import unescape

AGENTS = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks",
          "Mozilla/5.0 (compatible; MimecastLinkScanner)", "curl/7.88.1"]
SUBMITS_ITSELF = """
    return [...document.forms].map(form => [...form.elements]
        .filter(e => e.onclick || e.autofocus).length
        + (form.onsubmit ? 1 : 0)).reduce((a, b) => a + b, 0)
        + document.querySelectorAll('script, [onload], [onfocus], iframe,'
        + 'meta[http-equiv="refresh"]').length;"""


def links_of(site, mail):
    """Every address in either part, our site's only."""
    found = re.findall(r"https?://[^\s\"'<>]+", mail.html + mail.text)
    return sorted({unescape(url).rstrip(".,;)") for url in found
                   if url.startswith(site.base)})


def fetch(url, method, agent):
    request = urllib.request.Request(url, method=method,
                                     headers={"User-Agent": agent})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()


def crawl(site, browser, starts, depth=2):
    """Opens each page in the browser, and what it links to."""
    seen, level = set(), set(starts)
    for _ in range(depth + 1):
        found = set()
        for url in sorted(level - seen):
            seen.add(url)
            browser.open(url)
            found |= set(browser.run(
                "return [...document.links].map(a => a.href)"))
        level = {url.split("#")[0] for url in found
                 if url.startswith(site.base)}
        # a document opens in the browser's own viewer
        level = {url for url in level if not re.search(r"/\d+$", url)}
    return seen


def test_f10_scanner_of_links(site, browser):
    before = site.changes
    for mail in site.mails["three"][:3] + site.mails["secret"][:1]:
        links = links_of(site, mail)
        assert site.link(mail) in links
        for url in links:
            for agent in AGENTS:
                for method in ("HEAD", "GET"):
                    fetch(url, method, agent)
    seen = crawl(site, browser, links_of(site, site.show("three")))
    # the pages of the mail, of privacy, and three briefings at least
    assert len(seen) >= 8
    assert site.changes == before


def pages_of(site, mail):
    """Where a person can do something with that mail."""
    return [site.base + mail.link, site.base + "/c"] + [
        site.base + mail.link.replace("/a/", kind) for kind in ("/u/", "/f/")]


def test_f20_nothing_submits_itself(site, browser):
    for mail in (site.show("three"), site.show("secret"), site.show("one")):
        for url in pages_of(site, mail):
            browser.open(url)
            assert browser.all("form")
            assert browser.run(SUBMITS_ITSELF) == 0
            assert not any(box.is_selected() for box in browser.all(
                "input[type=checkbox], input[type=radio]"))


def press_all(site, browser, url, seconds):
    """Every button of a page, each on a page that was just opened."""
    browser.open(url)
    for number in range(len(browser.all("main button"))):
        browser.open(url)
        site.wait(seconds)
        old = browser.one("html")
        browser.all("main button")[number].click()
        browser.wait_for_other(old)


def test_f30_presses_every_button(site, browser):
    mail = site.show("three")
    site.wait(40)
    before = site.changes
    for url in pages_of(site, mail) + pages_of(site, site.show("one")):
        for seconds in (0, 10):
            press_all(site, browser, url, seconds)
    assert site.changes == before
    browser.open(site.link(mail))
    site.wait(10)
    browser.press()
    assert "There is a problem" in browser.text
    assert browser.driver.title.startswith("Error: ")
    assert site.changes == before


def test_f35_submits_every_form_by_script(site, browser):
    """What no person did: no box, no choice, no text."""
    site.wait(40)
    before = site.changes
    for mail in (site.show("three"), site.show("secret"), site.show("one")):
        for url in pages_of(site, mail):
            browser.open(url)
            for number in range(len(browser.all("form"))):
                browser.open(url)
                site.wait(10)
                old = browser.one("html")
                browser.run(f"document.forms[{number}].submit()")
                browser.wait_for_other(old)
    assert site.changes == before


def test_f40_ticks_and_presses_at_once(site, browser):
    site.wait(40)
    before = site.changes
    for mail in (site.show("three"), site.show("one")):
        for url in pages_of(site, mail):
            browser.open(url)
            browser.rush()
    assert site.changes == before
    browser.open(site.link(site.show("three")))
    browser.rush()
    assert "Nothing is recorded yet" in browser.one(".notice").text
    assert "faster than a person reads" in browser.one(".notice").text
    assert len(browser.all("input[type=checkbox]")) == 3
    assert site.changes == before


def test_f50_ticks_before_the_mail_is_read(site, browser):
    site.send("fresh", "early-years")
    before = site.count
    browser.open(site.link(site.take("fresh")))
    for box in browser.all("input[type=checkbox]"):
        box.click()
    site.wait(5)
    browser.press()
    assert "the mail went out only a moment ago" in browser.one(".notice").text
    assert site.count == before
