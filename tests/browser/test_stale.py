"""Pages whose time is over: withdrawn, replaced, ended. Later in the board's
life than all other tests, so in the last file."""
import pytest


@pytest.fixture(scope="module")
def later(site):
    """One briefing is withdrawn, one has a new version in a mail of its own."""
    site.board.ctl("briefing", "withdraw", "SCR-2019-02", "--reason",
                   "a name was left in the text")
    site.drop("ltb-2026-08-young-person-k", title="Young Person K: new title",
              material=True)
    site.board.until(lambda: site.board.value(
        "SELECT max(number) FROM version") == 2, "the new version")
    site.send("new", "police")
    return site


def test_f10_withdrawn_and_replaced(later, browser, judged):
    browser.open(later.link(later.show("three")))
    assert "It was withdrawn" in browser.text
    assert "A newer version has replaced it" in browser.text
    assert len(browser.all("input[type=checkbox]")) == 1
    judged("withdrawn_and_replaced")


def test_f20_withdrawn_briefing(later, browser, judged):
    browser.open(later.link(later.show("three")) + "/SCR-2019-02")
    assert "withdr" in browser.text
    assert "bruise" not in browser.text
    judged("withdrawn")


def test_f30_new_version(later, browser, judged):
    browser.open(later.link(later.show("new")))
    assert "New version" in browser.text
    judged("new_version")


def test_f40_new_version_mail(later, browser, judged, tmp_path):
    path = tmp_path / "mail.html"
    path.write_text(later.show("new").html)
    browser.open(path.as_uri())
    judged("mail-new_version", is_page=False)


def test_f50_link_that_ended(later, browser, judged):
    before = later.count
    mail = later.show("three")
    browser.open(later.link(mail))
    browser.all("input[type=checkbox]")[0].click()
    later.wait(200 * 86400)
    browser.press()
    assert browser.heading == "This link has ended"
    assert later.count == before
    browser.open(later.link(mail))
    assert browser.heading == "This link has ended"
    judged("ended")
