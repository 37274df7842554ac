"""Every page and mail that people meet: accessible in every light, legible on
the smallest screen, and quiet."""
import re
import zipfile

import pytest


def tick(browser, number=0):
    browser.all("input[type=checkbox]")[number].click()


def confirm(site, browser):
    browser.open(site.link(site.show("three")))


def need_tick(site, browser):
    confirm(site, browser)
    site.wait(40)
    browser.press()
    assert browser.one("#tick-error")


def asked_again(site, browser):
    confirm(site, browser)
    browser.rush()
    assert browser.one(".notice")


def recorded(site, browser):
    browser.open(site.link(site.take("three")))
    tick(browser)
    site.wait(40)
    browser.press()
    assert len(browser.all(".done")) == 1


def recorded_all(site, browser):
    browser.open(site.link(site.take("three")))
    for box in browser.all("input[type=checkbox]"):
        box.click()
    site.wait(40)
    browser.press()
    assert len(browser.all(".done")) == 3
    assert not browser.all("form")


def asks_code(site, browser):
    browser.open(site.link(site.show("one")))
    assert browser.one("#answer").get_attribute("type") == "text"


def asks_code_wrong(site, browser):
    asks_code(site, browser)
    tick(browser)
    site.wait(40)
    browser.one("#answer").send_keys("7k3m-9x2p-4ab1")
    browser.press()
    assert browser.one("#answer-error")
    assert browser.one("input[type=checkbox]").is_selected()


def asks_email(site, browser):
    browser.open(site.link(site.show("attached")))
    assert browser.one("#answer").get_attribute("type") == "email"


def shared(site, browser):
    asks_email(site, browser)
    assert browser.one("#name")


def shared_no_name(site, browser):
    shared(site, browser)
    tick(browser)
    site.wait(40)
    browser.press()
    assert browser.one("#name-error")
    assert browser.all("input[type=checkbox]")[0].is_selected()


def shared_recorded(site, browser):
    mail = site.take("attached")
    browser.open(site.link(mail))
    tick(browser)
    browser.one("#name").send_keys("Nia Evans")
    browser.one("#answer").send_keys(mail.recipient)
    site.wait(40)
    browser.press()
    assert "One person has confirmed it" in browser.text
    assert browser.all("form")


def reflection(site, browser):
    browser.open(site.link(site.take("three")))
    browser.all("summary")[0].click()
    browser.all("textarea")[0].send_keys("I will see each child alone.")
    tick(browser)
    site.wait(40)
    browser.press()
    assert len(browser.all(".done")) == 1


def receipt(site, browser):
    reflection(site, browser)
    browser.all(".done a")[-2].click()
    assert "I will see each child alone." in browser.one(".said").text


def not_me(site, browser):
    recorded(site, browser)
    browser.open(browser.all(".done a")[-1].get_attribute("href"))
    assert browser.heading == "Was it not you?"
    assert not browser.one("#mine").is_selected()


def not_me_wrong(site, browser):
    not_me(site, browser)
    site.wait(5)
    browser.press()
    assert browser.one("#tick-error")
    assert not browser.one("#mine").is_selected()


def not_me_taken_back(site, browser):
    not_me(site, browser)
    tick(browser)
    site.wait(5)
    browser.press()
    assert browser.heading == "Thank you. It counts no more."


def receipt_taken_back(site, browser):
    receipt(site, browser)
    where = browser.run("return location.href")
    browser.open(where + "/not-me")
    tick(browser)
    site.wait(5)
    browser.press()
    assert browser.heading == "Thank you. It counts no more."
    browser.open(where)
    assert "Taken back" in browser.text and not browser.all(".said")


def leave(site, browser):
    browser.open(site.link(site.show("three")))
    browser.open([a.get_attribute("href") for a in browser.all("footer a")
                  if a.text.startswith("This is not for me")][0])
    assert browser.heading == "Not for you, or not now?"


def leave_wrong(site, browser):
    leave(site, browser)
    site.wait(40)
    browser.all("input[type=radio]")[2].click()
    browser.press()
    assert browser.one("#until").get_attribute("aria-invalid")


def forward(site, browser):
    confirm(site, browser)
    browser.open([a.get_attribute("href") for a in browser.all("footer a")
                  if a.text.startswith("Not you?")][0])
    assert browser.heading == "Was this mail passed on to you?"


def forward_wrong(site, browser):
    forward(site, browser)
    site.wait(5)
    browser.one("#address").send_keys("someone")
    browser.press()
    assert browser.one("#address-error")


def guest(site, browser):
    forward(site, browser)
    site.wait(5)
    address = "someone.new@police.example"
    browser.one("#address").send_keys(address)
    browser.press()
    site.wait(121)  # until the moment that nobody can know has come
    mail = site.board.until(lambda: site.recorder.to(address), "the link")[0]
    browser.open(site.base + re.search(r"/a/[0-9a-z]{29}", mail.text)[0])
    assert "wider reach" in browser.text


def left(site, browser):
    browser.open(site.link(site.take("one")).replace("/a/", "/u/"))
    browser.all("input[type=radio]")[1].click()
    site.wait(40)
    browser.press()
    assert browser.heading == "You are off the list"


def briefing(site, browser):
    confirm(site, browser)
    browser.open(browser.all(".item h2 a")[0].get_attribute("href"))
    assert browser.one("#key")


def briefing_recorded(site, browser):
    recorded(site, browser)
    browser.open(browser.one(".done h2 a").get_attribute("href"))
    assert "You confirmed this briefing" in browser.one(".notice").text


def code(site, browser):
    browser.open(site.base + "/c")


def code_wrong(site, browser):
    code(site, browser)
    browser.one("#code").send_keys("7k3m-9x2p")
    browser.press()
    assert browser.one("#code-error")


def code_unknown(site, browser):
    code(site, browser)
    browser.one("#code").send_keys("7k3m-9x2p-4ab1")
    browser.press()
    assert "not a code of ours" in browser.one("#code-error").text


def address(site, browser):
    browser.open(site.link(site.show("secret")))
    assert browser.one("#address")


def address_wrong(site, browser):
    address(site, browser)
    browser.one("#address").send_keys("someone.else@police.example")
    browser.press()
    assert browser.one("#address-error")


def address_too_often(site, browser):
    browser.open(site.link(site.take("secret")))
    for _ in range(6):
        browser.one("#address").send_keys("someone.else@police.example")
        browser.press()
        if not browser.all("#address"):
            break
    assert browser.heading == "Please wait a little"


def secret(site, browser):
    mail = site.take("secret")
    browser.open(site.link(mail))
    browser.one("#address").send_keys(mail.recipient)
    browser.press()
    assert browser.all(".item h2 a")


def secret_briefing(site, browser):
    secret(site, browser)
    browser.open(browser.all(".item h2 a")[0].get_attribute("href"))
    assert browser.one("#key")


def rehearsal(site, browser):
    browser.open(site.link(site.show("rehearsal")))
    assert "REHEARSAL" in browser.one(".banner").text


def specimen(site, browser):
    browser.open(site.base + "/a/specimen")
    assert not browser.one("main button").is_enabled()


def specimen_briefing(site, browser):
    browser.open(site.base + "/a/specimen/LTB-SPECIMEN")


def mangled(site, browser):
    browser.open(site.link(site.show("three"))[:-4])
    assert browser.heading == "This link did not arrive whole"


def unknown(site, browser):
    browser.open(site.base + "/no-such-page")
    assert browser.heading == "There is no page here"


def privacy(site, browser):
    confirm(site, browser)
    browser.open([a.get_attribute("href") for a in browser.all("footer a")
                  if a.text == "How we use personal data"][0])
    assert browser.heading == "How we use personal data"


def library(site, browser):
    browser.open(site.base + "/b")
    assert len(browser.all(".item h2 a")) == 3


def library_briefing(site, browser):
    library(site, browser)
    browser.open(browser.all(".item h2 a")[0].get_attribute("href"))
    assert browser.one("#key")


LEADS = "general-practice"


def deed(what):
    """The button that records it."""
    return f"main form:has([name=what][value={what}]) button"


def lead(site, browser):
    browser.open(site.lead(LEADS))
    assert browser.heading == "Your list"
    assert "@" not in browser.one("main").text.replace("•@", "")


def lead_code_sent(site, browser):
    lead(site, browser)
    site.wait(5)
    browser.press(deed("send-code"))
    assert browser.one(".saved")


def lead_code_wrong(site, browser):
    lead(site, browser)
    browser.one("#code").send_keys("7k3m-9x2p-4ab1")
    browser.press(deed("people"))
    assert browser.one("#code-error")


def lead_people(site, browser):
    if "lead" not in site.mails:
        lead_code_sent(site, browser)
        site.mails["lead"] = site.lead_code(LEADS)
    lead(site, browser)
    browser.one("#code").send_keys(site.mails["lead"])
    browser.press(deed("people"))
    assert browser.heading == "The people on your list"


def lead_session_refused(site, browser):
    lead_people(site, browser)
    browser.one("#setting").send_keys("team meeting")
    browser.press(deed("session"))
    assert "Nothing was recorded" in browser.one(".problem").text
    assert browser.one("#setting").get_attribute("value") == "team meeting"


def lead_session(site, browser):
    lead_people(site, browser)
    browser.run("document.getElementById('held_on').value = arguments[0]",
                site.board.now.date().isoformat())
    browser.one("#setting").send_keys("team meeting")
    browser.one("#reached").send_keys("14")
    browser.one("#head_count").send_keys(str(18 + len(browser.all("details"))))
    browser.one("#note").send_keys("We spoke about professional curiosity.")
    browser.press(deed("session"))
    assert "is recorded" in browser.one(".saved").text


def lead_found(site, browser):
    lead_people(site, browser)
    browser.one("#q").send_keys("nobody of that name")
    browser.press(deed("find"))
    assert "Nobody is found" in browser.text


def lead_person(site, browser):
    lead_people(site, browser)
    browser.press(".item:first-of-type button[name=person]")
    assert "Outstanding" in browser.text
    for summary in browser.all("summary"):
        summary.click()


def lead_person_left(site, browser):
    lead_people(site, browser)
    browser.press(".item:nth-of-type(5) button[name=person]")
    browser.all("summary")[1].click()
    browser.press(deed("left"))
    assert "they have left" in browser.one(".saved").text


def lead_sheet(site, browser):
    lead_people(site, browser)
    browser.press(deed("sheet"))
    assert browser.heading == "Record a sign-in sheet"


def lead_sheet_refused(site, browser):
    lead_sheet(site, browser)
    tick(browser, 2)
    browser.one("#note").send_keys("At the practice meeting.")
    browser.press(deed("record-sheet"))
    assert "Choose the scan" in browser.one(".problem").text
    assert browser.all("input[type=checkbox]")[2].is_selected()


def lead_sheet_recorded(site, browser):
    lead_sheet(site, browser)
    path = site.folder / "sheet.png"
    browser.picture(path)  # a picture of something
    tick(browser, 6)
    tick(browser, 7)
    browser.run("document.getElementById('signed_on').value = arguments[0]",
                site.board.now.date().isoformat())
    browser.one("#scan").send_keys(str(path))
    browser.press(deed("record-sheet"))
    assert "The sheet is recorded" in browser.one(".saved").text


PAGES = [lead, lead_sheet, lead_sheet_refused, lead_sheet_recorded,
         lead_code_sent, lead_code_wrong, lead_people,
         lead_session_refused, lead_session, lead_found, lead_person,
         lead_person_left, confirm, need_tick, asked_again, asks_code, asks_code_wrong,
         asks_email, shared, shared_no_name, shared_recorded, reflection, receipt, not_me,
         not_me_wrong, not_me_taken_back, receipt_taken_back, leave,
         leave_wrong, left,
         forward, forward_wrong, guest, recorded, recorded_all, briefing,
         briefing_recorded, code, code_wrong, code_unknown, address,
         address_wrong, address_too_often, secret, secret_briefing, rehearsal,
         specimen, specimen_briefing, mangled, unknown, privacy, library,
         library_briefing]


BAD_PAGE = """<!DOCTYPE html><title>Bad</title><main><h1>Bad</h1>
<p style="color:#aaa;background:#fff">Grey</p><input>
<p style="width:400px">Wide</p><p style="color:#bbb">✓</p></main>"""


def test_f05_bad_page_is_found_out(browser, tmp_path):
    """The judge itself."""
    path = tmp_path / "bad.html"
    path.write_text(BAD_PAGE)
    browser.open(path.as_uri())
    browser.look(320)
    faults = "\n".join(browser.judge())
    for rule in ("html-has-lang", "label", "color-contrast"):
        assert f"violations {rule}" in faults
    assert faults.count("violations color-contrast") == 2
    assert any("Wide" in fault for fault in browser.overflow())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_f10_page(page, site, browser, judged):
    page(site, browser)
    judged(page.__name__)


@pytest.mark.parametrize("name", ["three", "one", "attached", "secret",
                                  "rehearsal"])
def test_f20_mail(name, site, browser, judged, tmp_path):
    path = tmp_path / "mail.html"
    path.write_text(site.show(name).html)
    browser.open(path.as_uri())
    judged(f"mail-{name}", is_page=False)
    # nothing is fetched from anywhere, and no script is there to run
    assert [url for url in browser.requests()
            if not url.startswith("file:")] == []
    assert not browser.all("script, img, iframe, object, link, form")


@pytest.mark.parametrize("name,text", [("recorded", "READ\n"),
                                       ("declined", "READ it twice\n")])
def test_f20_answer_to_a_reply(name, text, site, browser, judged, tmp_path):
    path = tmp_path / "mail.html"
    path.write_text(site.reply(site.take("three"), text).html)
    browser.open(path.as_uri())
    judged(f"mail-by-reply-{name}", is_page=False)
    assert not browser.all("script, img, iframe, object, link, form")


def test_f30_report(site, browser, judged, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(site.board.ctl("report", "--format", "html"))
    browser.open(path.as_uri())
    judged("report", is_page=False)
    assert [url for url in browser.requests()
            if not url.startswith("file:")] == []


@pytest.mark.parametrize("page", ["index.html", "report/reach.html"])
def test_f30_inspection_pack(site, browser, judged, tmp_path, page):
    ref = site.board.facts("report")["briefings"][0]["ref"]
    path = tmp_path / "pack.zip"
    site.board.ctl("evidence", "pack", ref, "--out", path, "--with-names",
                   "--reason", "an inspection")
    with zipfile.ZipFile(path) as pack:
        pack.extractall(tmp_path)
    browser.open(f"file://{tmp_path / page}")
    judged("pack-" + page.replace("/", "-"), is_page=False)
