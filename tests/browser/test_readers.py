"""People: however they read, one honest step confirms, and exactly that."""
import zoneinfo

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from textmode import TextBrowser


def wait_as_readers_do(site):
    site.wait(40)


def press_key(browser, key):
    ActionChains(browser.driver).send_keys(key).perform()


def today(site):
    day = site.board.now.astimezone(zoneinfo.ZoneInfo("Europe/London"))
    return f"{day.day} {day:%B %Y}"


def test_f10_honest_reader(site, browser):
    before = site.acknowledged
    mail = site.take("three")
    browser.open(site.link(mail))
    title = browser.all(".item h2")[0].text
    ref = browser.all(".item .kind")[0].text.split()[-1]
    browser.all("input[type=checkbox]")[0].click()
    wait_as_readers_do(site)
    browser.press()

    assert "It is recorded" in browser.one(".saved").text
    assert browser.one(".done h2").text == title
    assert today(site) in browser.one(".done .kind").text
    assert len(browser.all("input[type=checkbox]")) == 2
    assert site.acknowledged == before | {ref: before[ref] + 1}
    assert f"{before[ref] + 1}/" in site.board.ctl("report", "--briefing", ref)

    # the fiftieth visit shows the same, and changes nothing
    browser.open(site.link(mail))
    assert not browser.all(".saved")
    assert browser.one(".done h2").text == title
    assert site.acknowledged == before | {ref: before[ref] + 1}


def test_f20_asked_again_then_right(site, browser):
    before = site.count
    browser.open(site.link(site.take("three")))
    browser.rush("document.querySelector('input[type=checkbox]').click();"
                 "document.querySelector('main button').click()")
    assert site.count == before
    browser.all("input[type=checkbox]")[0].click()
    wait_as_readers_do(site)
    browser.press()
    assert site.count == before + 1


def test_f30_keyboard_only(site, browser):
    before = site.count
    browser.open(site.link(site.take("three")))
    press_key(browser, Keys.TAB)
    assert browser.focused()["text"] == "Skip to the content"
    press_key(browser, Keys.ENTER)
    assert browser.focused()["id"] == "main"

    ticked = 0
    for _ in range(30):
        press_key(browser, Keys.TAB)
        focused = browser.focused()
        assert focused["outline"] >= 2, focused
        if focused["type"] == "checkbox":
            press_key(browser, Keys.SPACE)
            ticked += 1
        if focused["tag"] == "button":
            break
    assert ticked == 3
    assert focused["tag"] == "button"
    wait_as_readers_do(site)
    old = browser.one("html")
    press_key(browser, Keys.ENTER)
    browser.wait_for_other(old)
    assert len(browser.all(".done")) == 3
    assert site.count == before + 3


def test_f40_no_script(site, plain):
    """From the short code to the record, in a browser without scripts."""
    before = site.count
    mail = site.take("three")
    plain.open(site.base + "/c")
    plain.one("#code").send_keys(mail.code.upper().replace("-", " "))
    plain.press()
    assert plain.driver.current_url == site.link(mail)
    plain.all("input[type=checkbox]")[0].click()
    wait_as_readers_do(site)
    plain.press()
    assert len(plain.all(".done")) == 1
    assert site.count == before + 1


def test_f45_in_a_terminal(site):
    before = site.count
    with TextBrowser(site.link(site.take("three"))) as w3m:
        w3m.until("The link works as often")
        w3m.type("/I have read\r")
        w3m.until("Forward: I have read.*Viewing")
        # back from the label into its box
        w3m.type("hhh\r")
        w3m.until(r"\*")
        wait_as_readers_do(site)
        w3m.type("/^Confirm\r")
        w3m.until("Forward: .Confirm.*Viewing")
        w3m.type("\r")
        w3m.until("It is recorded")
    assert site.count == before + 1


def test_f46_leaving_in_a_terminal(site):
    mail = site.take("one")
    before = site.board.value("SELECT count(*) FROM member_status")
    with TextBrowser(site.link(mail).replace("/a/", "/u/")) as w3m:
        w3m.until("Nothing is recorded before")
        w3m.type("/I have left\r")
        w3m.until("Forward: I have left.*Viewing")
        w3m.type("hhh\r")
        w3m.until(r"\*")
        wait_as_readers_do(site)
        w3m.type("/Tell who\r")
        w3m.until("Forward: Tell who.*Viewing")
        w3m.type("\r")
        w3m.until("You are off the list")
    assert site.board.value("SELECT count(*) FROM member_status") == before + 1
    assert site.board.value("SELECT status FROM member_status"
                            " ORDER BY id DESC") == "left"


def test_f50_problem_leads_to_its_box(site, browser):
    browser.open(site.link(site.show("three")))
    wait_as_readers_do(site)
    browser.press()
    link = browser.all(".problem a")[1]
    box = link.get_attribute("href").split("#")[1]
    link.click()
    press_key(browser, Keys.TAB)
    # a link to a box goes on from it: the box itself takes the focus
    press_key(browser, Keys.SHIFT + Keys.TAB)
    assert browser.focused()["id"] == box or \
        browser.run("return location.hash") == f"#{box}"


def test_f60_marked_briefing(site, browser):
    """Not even a title before the address; then everything works."""
    before = site.acknowledged
    mail = site.take("secret")
    browser.open(site.link(mail))
    assert "The T children" not in browser.driver.page_source
    assert browser.one("main button")
    # any case, as people type it
    browser.one("#address").send_keys(f" {mail.recipient.upper()} ")
    browser.press()
    assert browser.one(".marking").text == "OFFICIAL-SENSITIVE"

    browser.one(".item h2 a").click()
    assert "The T children" in browser.heading
    document = browser.all(".document a")[0].get_attribute("href")
    assert site.board.get(document.removeprefix(site.base)).body[:5] == b"%PDF-"
    browser.one(".back a").click()
    browser.one("input[type=checkbox]").click()
    wait_as_readers_do(site)
    browser.press()
    assert len(browser.all(".done")) == 1
    assert browser.one(".marking").text == "OFFICIAL-SENSITIVE"
    assert site.acknowledged["LLR-2026-03"] == before["LLR-2026-03"] + 1


def test_f70_rehearsal_counts_nothing(site, browser):
    before = site.count
    browser.open(site.link(site.take("rehearsal")))
    browser.all("input[type=checkbox]")[0].click()
    wait_as_readers_do(site)
    browser.press()
    assert "This is a rehearsal" in browser.one(".notice").text
    assert not browser.all(".done")
    assert site.count == before


def test_f80_specimen_records_nothing(site, browser):
    before = site.count
    browser.open(site.base + "/a/specimen")
    browser.one("input[type=checkbox]").click()
    browser.run("document.querySelector('main form').submit()")
    browser.driver.implicitly_wait(5)
    try:
        assert "nothing was recorded" in browser.one(".notice").text
    finally:
        browser.driver.implicitly_wait(0)
    assert site.count == before


def test_f90_big_text_on_a_small_screen(site, browser):
    """A phone, with the text at twice its size."""
    browser.look(390)
    browser.open(site.link(site.show("three")))
    browser.run("document.documentElement.style.fontSize = '200%'")
    assert browser.overflow() == []
    box = browser.run("""const box = document.querySelector('.tick input')
        .getBoundingClientRect(); return [box.width, box.height]""")
    assert min(box) >= 24
