"""Chromium as readers and their checks use it, driven through DevTools.

A Browser is one window of its own with an empty profile. look() sets how it is
looked at (width, colour scheme, forced colours); judge() is axe-core's verdict.
"""
import base64
import contextlib
import json
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

HERE = Path(__file__).parent
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
    --disable-dev-shm-usage --hide-scrollbars --force-color-profile=srgb
    --font-render-hinting=none --lang=en-GB
    --in-process-gpu --process-per-site --renderer-process-limit=1
    --disable-site-isolation-trials""".split()  # few processes: they are slow

# what axe leaves out unless told, but WCAG 2.2 AA asks for
EXTRA_RULES = {"target-size": {"enabled": True}}
# axe-core's own, but that a mark like ✓ must be seen too (ignore...)
CONTRAST = {"ignoreUnicode": False, "ignoreLength": True, "ignorePseudo": False,
            "boldValue": 700, "boldTextPt": 14, "largeTextPt": 18,
            "pseudoSizeThreshold": 0.25, "shadowOutlineEmMax": 0.2,
            "textStrokeEmMin": 0.03, "contrastRatio": {
                "normal": {"expected": 4.5}, "large": {"expected": 3}}}
# a mail is a part of its reader's page, which has the landmarks
MAIL_RULES = {"region": {"enabled": False},
              "landmark-one-main": {"enabled": False}}

# WCAG 1.4.12: text spaced by its reader
SPACED = """
const sheet = new CSSStyleSheet();
sheet.replaceSync(`* { line-height: 1.5 !important; word-spacing: .16em
    !important; letter-spacing: .12em !important } p { margin-bottom: 2em
    !important }`);
document.adoptedStyleSheets = arguments[0] ? [sheet] : [];
"""


def axe_source():
    return (HERE / "node_modules/axe-core/axe.min.js").read_text()


RUSH = """
    for (const box of document.querySelectorAll('main input, main textarea')) {
        if (['checkbox', 'radio'].includes(box.type)) box.click();
        else if (box.type === 'email') box.value = 'someone@police.example';
        else if (box.type === 'date') box.value = '2027-01-31';
        else if (box.type !== 'hidden') box.value = '7k3m-9x2p-4ab1';
    }
    document.querySelector('main button').click();"""


class Browser:
    def __init__(self, scripts=True):
        self.profile = tempfile.TemporaryDirectory(prefix="chromium-",
                                                   ignore_cleanup_errors=True)
        options = Options()
        for flag in FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={self.profile.name}")
        options.set_capability("goog:loggingPrefs",
                               {"performance": "ALL", "browser": "ALL"})
        if not scripts:
            options.add_experimental_option("prefs", {
                "profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(
            service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.driver.quit()
        self.profile.cleanup()

    # --- how it is looked at

    def look(self, width=1000, height=900, dark=False, forced=False):
        self._tell("Emulation.setDeviceMetricsOverride", width=width,
                   height=height, deviceScaleFactor=1, mobile=False)
        self._tell("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"},
            {"name": "forced-colors", "value": "active" if forced else "none"}])

    def picture(self, path):
        """The whole page, as long as it is."""
        size = self._tell("Page.getLayoutMetrics")["cssContentSize"]
        image = self._tell("Page.captureScreenshot", format="png",
                           captureBeyondViewport=True,
                           clip={"x": 0, "y": 0, "width": size["width"],
                                 "height": size["height"], "scale": 1})
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(base64.b64decode(image["data"]))

    def _tell(self, command, **values):
        return self.driver.execute_cdp_cmd(command, values)

    # --- what is done with it

    def open(self, url):
        self.driver.get(url)
        return self

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} of {selector}"
        return found[0]

    @property
    def text(self):
        return self.one("body").text

    @property
    def heading(self):
        return self.one("h1").text

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def press(self, selector="main button"):
        """Presses the button and waits for the page that follows."""
        old = self.one("html")
        self.one(selector).click()
        self.wait_for_other(old)

    def rush(self, script=RUSH):
        """Fills in and ticks all and presses the button, as fast as a program
        can: by one script, for each word with the driver takes its time."""
        old = self.one("html")
        self.run(script)
        self.wait_for_other(old)

    def wait_for_other(self, old):
        """Until old is not of the page that is shown."""
        WebDriverWait(self.driver, 15, 0.05).until(
            lambda _: not self._is_here(old))

    def _is_here(self, element):
        try:
            return bool(element.tag_name)
        except WebDriverException:  # of several kinds, while pages change
            return False

    # --- what it says

    def judge(self, rules=None):
        """What axe-core finds wrong, as lines; empty is well."""
        if not self.run("return typeof axe === 'object'"):
            self.run(axe_source())
            self.run("axe.configure(arguments[0])", {"checks": [
                {"id": "color-contrast", "options": CONTRAST}]})
        result = self.driver.execute_async_script(
            "const done = arguments[1];"
            "axe.run(document, {resultTypes: ['violations', 'incomplete'],"
            " rules: arguments[0]}).then(done, e => done({fault: '' + e}))",
            {**EXTRA_RULES, **(rules or {})})
        assert "fault" not in result, result["fault"]
        assert len(result["passes"]) > 5, "axe saw no page"
        return [f"{kind} {rule['id']}: {rule['help']}: "
                f"{node['html'][:160]}: {node['failureSummary']}"
                for kind in ("violations", "incomplete")
                for rule in result[kind] for node in rule["nodes"]
                if not self._is_scrolled_away(node)]

    def _is_scrolled_away(self, node):
        """A cell of a wide table, whose colours are judged on a wider one."""
        return "partially obscured" in node["failureSummary"] and self.run(
            "return !!document.querySelector(arguments[0])"
            ".closest('[tabindex=\"0\"]')", node["target"][0])

    def overflow(self):
        """Elements that stand out of the window, or hold more than they
        show; regions that scroll on purpose have a tab stop."""
        return self.run("""
            const wide = document.documentElement.clientWidth;
            return [...document.querySelectorAll('body *')].filter(e => {
                const box = e.getBoundingClientRect();
                if (!box.width || !box.height || e.closest('[tabindex="0"]') ||
                    e.closest('.skip') || getComputedStyle(e).opacity === '0')
                    return false;
                return box.right > wide + 1 || box.left < -1;
            }).map(e => e.outerHTML.slice(0, 120))
            .concat(document.documentElement.scrollWidth > wide ?
                ['the page is ' + document.documentElement.scrollWidth +
                 ' wide'] : []);""")

    def space_text(self, wide=True):
        self.run(SPACED, wide)

    def requests(self):
        """Addresses fetched since the last call."""
        events = (json.loads(entry["message"])["message"]
                  for entry in self.driver.get_log("performance"))
        urls = (event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent")
        # the browser's own first page
        return [url for url in urls if not url.startswith(("chrome:", "data:"))]

    def complaints(self):
        """What the console says since the last call: refused by the policy,
        not found, faulty."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def cookies(self):
        return self._tell("Storage.getCookies")["cookies"]

    def focused(self):
        """The focused element, and how its focus shows."""
        return self.run("""
            const e = document.activeElement, s = getComputedStyle(e);
            return {tag: e.tagName.toLowerCase(), id: e.id, type: e.type || '',
                text: e.textContent.trim(),
                outline: s.outlineStyle === 'none' ? 0 :
                    parseFloat(s.outlineWidth)};""")
