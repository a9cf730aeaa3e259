"""Hands at the agents' page: what a person can see of it and do with it, in a real browser.

Chromium and its driver are those below HOME, or the machine's own; without them, and without
Selenium, tests that ask for them are skipped, and say so.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import program as found_program
from tests.fakes_desk import FakeDesk
from tests.web_stage import TOKEN

DEADLINE = 15.0
HARM = [
    "<script>window.harmed = 1</script>", "<img src=x onerror='window.harmed = 1'>",
    "<svg onload='window.harmed = 1'>", "{{ constructor.constructor('window.harmed = 1')() }}",
    "javascript:window.harmed = 1", "<iframe srcdoc='<script>parent.harmed = 1</script>'>",
    "\"><a href='javascript:window.harmed=1' id=harm>press</a>",
    "</textarea><script>window.harmed = 1</script>",
]  # fmt: skip
"""Words by which a customer would run a script in an agent's page."""


SIZE = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--no-proxy-server", "--lang=en-GB",
)  # fmt: skip


def program(name: str) -> str:
    """Where it is; skips the test where there is none."""
    found = found_program(name)
    if not found:
        pytest.skip(f"no {name}: ./hotline setup browser")
    return found


@contextmanager
def browser() -> Iterator[WebDriver]:
    """A browser that knows nothing yet, with a window as agents have it."""
    os.environ.setdefault("SE_AVOID_STATS", "true")  # Selenium tells nobody that we test
    options = ChromeOptions()
    options.binary_location = program("chromium")
    with tempfile.TemporaryDirectory(prefix="hotline-browser-", ignore_cleanup_errors=True) as kept:
        for switch in (*SWITCHES, f"--user-data-dir={kept}"):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options=options, service=Service(program("chromedriver")))
        try:
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
            yield driver
        finally:
            driver.quit()


def complaints(driver: WebDriver) -> list[str]:
    """What the browser's console has said since it was last asked: faults, and what was refused."""
    entries = driver.execute("getLog", {"type": "browser"})["value"]
    return [str(entry["message"]) for entry in entries if entry["level"] in ("SEVERE", "WARNING")]


@dataclass
class Hands:
    """One person at the page."""

    driver: WebDriver
    address: str

    def open(self, language: str = "en") -> None:
        """The page, as somebody meets it for the first time."""
        self.driver.get(f"{self.address}/desk")
        self.driver.execute_script(
            "sessionStorage.clear(); localStorage.clear();"
            f"localStorage.setItem('hotline.language', '{language}')"
        )
        self.driver.refresh()
        self.see("#token")

    def sign_in(self, token: str = TOKEN) -> None:
        self.type("#token", token + Keys.ENTER)

    def come_to_work(self, language: str = "en") -> None:
        """Signed in as ann, logged in to all queues, ready."""
        self.open(language)
        self.sign_in()
        self.press("[data-agent=ann]")
        self.press("[data-act=login]")
        self.see(".my-state [data-state=ready]")

    # ---- seeing

    def wait(self, what: Callable[[], Any], why: str) -> Any:
        """Until it is so."""

        def now(_driver: WebDriver) -> Any:
            try:
                return what()
            except StaleElementReferenceException:  # drawn anew in between
                return None

        return WebDriverWait(self.driver, DEADLINE, 0.05).until(now, why)

    def all(self, css: str) -> list[WebElement]:
        found: list[WebElement] = self.driver.find_elements(By.CSS_SELECTOR, css)
        return found

    def see(self, css: str, words: str = "") -> WebElement:
        """The first of these that shows and has these words in it."""

        def found() -> WebElement | None:
            return next((e for e in self.all(css) if e.is_displayed() and words in e.text), None)

        element: WebElement = self.wait(found, f"nothing to see of {css} {words!r}")
        return element

    def see_no(self, css: str) -> None:
        self.wait(lambda: not self.all(css), f"{css} is still there")

    @property
    def text(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    # ---- doing

    def press(self, css: str, words: str = "") -> None:
        def pressed() -> bool:
            try:
                self.see(css, words).click()
            except WebDriverException as moved:
                if isinstance(moved, StaleElementReferenceException) or "not clickable" in str(
                    moved
                ):
                    return False
                raise
            return True

        self.wait(pressed, f"{css} cannot be pressed")

    def type(self, css: str, words: str) -> None:
        self.see(css).send_keys(words)

    def keys(self, *keys: str) -> None:
        """To whatever has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def script(self, source: str) -> Any:
        return self.driver.execute_script(source)


def served(hands: Hands, desk: FakeDesk, contact: str = "chat-1") -> None:
    """At work, with a chat that was accepted."""
    hands.come_to_work()
    desk.write(contact, "customer", "My card is gone.")
    desk.chat_comes(contact)
    hands.press("[data-act=accept]")
    hands.see(".line.customer .words", "My card is gone.")
