import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from browser import MAIL_RULES, Browser  # noqa: E402
from site_board import Site  # noqa: E402

# where pictures of all that is looked at go: make browser LOOK=build/look
LOOK = os.environ.get("LOOK")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture(scope="session")
def chromium():
    with Browser() as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    """Chromium as most readers have it, on an empty page."""
    chromium.look()
    chromium.open("about:blank")
    chromium.requests(), chromium.complaints()
    return chromium


@pytest.fixture
def plain():
    """Chromium with its scripts off."""
    with Browser(scripts=False) as browser:
        browser.look()
        yield browser


def faults_of(browser, name, is_page=True):
    """How the page stands in every light, at every width."""
    faults = []
    for width, dark, forced in [(1000, False, False), (1000, True, False),
                                (1000, False, True), (390, False, False)]:
        browser.look(width, dark=dark, forced=forced)
        light = "forced colours" if forced else "dark" if dark else "light"
        faults += [f"{light}, {width} px: {fault}" for fault
                   in browser.judge(None if is_page else MAIL_RULES)]
        if LOOK and not forced and not (dark and width == 390):
            browser.picture(Path(LOOK) / f"{name}-{light}-{width}.png")
    browser.look(320)
    faults += [f"320 px: {fault}" for fault in browser.overflow()]
    browser.space_text()
    faults += [f"320 px, spaced: {fault}" for fault in browser.overflow()]
    browser.space_text(False)
    return faults


@pytest.fixture
def judged(site, browser):
    """judged(name): the page that is open is accessible, and stays within
    its own site, without cookies and without what its policy refuses."""
    def judge(name, is_page=True):
        faults = faults_of(browser, name, is_page)
        assert not faults, "\n".join(faults[:9])
        if not is_page:
            return
        strange = [url for url in browser.requests()
                   if not url.startswith(site.base)]
        assert strange == []
        assert browser.cookies() == []
        assert [line for line in browser.complaints()
                if "the server responded with a status of" not in line] == []
    return judge
