"""A real browser for tests of pages: Chromium, headless, driven by Selenium.

`./hotline setup browser` brings one; one of the machine will do. Where there is none, tests that
ask for `tab` are skipped, and say so.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from ivr.home import home_of

SECONDS = 10.0


def program(name: str) -> str | None:
    """Where it is: below HOME, or the machine's own."""
    own = home_of() / "browser" / "bin" / name
    return str(own) if own.exists() else shutil.which(name)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    browser, driver = program("chromium"), program("chromedriver")
    if not browser or not driver:
        pytest.skip("there is no Chromium: ./hotline setup browser")
    options = ChromeOptions()
    options.binary_location = browser
    profile = tmp_path_factory.mktemp("profile")
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--disable-background-networking", "--no-first-run", f"--user-data-dir={profile}",
        "--lang=en", "--no-proxy-server",
    ):  # fmt: skip
        options.add_argument(argument)
    os.environ.setdefault("SE_AVOID_STATS", "true")  # Selenium tells nobody that we test
    made = Chrome(options=options, service=Service(driver))
    try:
        yield made
    finally:
        made.quit()


@dataclass
class Tab:
    """What a person sees and does in a page. Each waits for what it needs, up to `SECONDS`."""

    driver: Chrome

    async def do(self, deed: Callable[[Chrome], Any]) -> Any:
        """Beside the loop: pages ask the server of the same test."""
        return await asyncio.to_thread(deed, self.driver)

    async def open(self, url: str, width: int = 360, height: int = 640) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.do(lambda d: d.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics))
        await self.do(lambda d: d.get("about:blank"))
        await self.do(lambda d: d.get(url))

    async def until(self, holds: Callable[[Chrome], Any], what: str = "") -> Any:
        """What it gives once it gives something."""
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    try:
                        if found := await self.do(holds):
                            return found
                    except (StaleElementReferenceException, WebDriverException):
                        pass  # the page is being loaded, or drawn anew
                    await asyncio.sleep(0.05)
        except TimeoutError:
            text = await self.do(lambda d: d.find_element(By.TAG_NAME, "body").text)
            pytest.fail(f"not seen: {what}\n{text}")

    async def shown(self, css: str, text: str = "") -> WebElement:
        """The first that can be seen and has this text in it."""
        found: WebElement = await self.until(
            lambda d: next(
                (
                    one
                    for one in d.find_elements(By.CSS_SELECTOR, css)
                    if one.is_displayed() and text in one.text
                ),
                None,
            ),
            f"{css} with {text!r}",
        )
        return found

    async def gone(self, css: str) -> None:
        await self.until(
            lambda d: not any(one.is_displayed() for one in d.find_elements(By.CSS_SELECTOR, css)),
            f"{css} gone",
        )

    async def click(self, css: str) -> None:
        await self.do(await self._doing(css, lambda one: one.click()))

    async def type(self, css: str, text: str) -> None:
        await self.do(await self._doing(css, lambda one: one.send_keys(text)))

    async def _doing(self, css: str, deed: Callable[[WebElement], Any]) -> Callable[[Chrome], Any]:
        element = await self.shown(css)
        return lambda _driver: deed(element)

    async def press(self, *keys: str) -> None:
        """On whatever has the focus."""
        await self.do(lambda d: ActionChains(d).send_keys(*keys).perform())

    async def chord(self, held: str, key: str) -> None:
        """One key while another is held."""
        chain = ActionChains(self.driver).key_down(held).send_keys(key).key_up(held)
        await self.do(lambda d: chain.perform())

    async def texts(self, css: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
        found: list[str] = await self.run(script, css)
        return found

    async def run(self, script: str, *arguments: Any) -> Any:
        return await self.do(lambda d: d.execute_script(script, *arguments))

    async def picture(self, file: Path) -> None:
        await self.do(lambda d: d.save_screenshot(str(file)))


@pytest.fixture
def tab(chromium: Chrome) -> Tab:
    """Of a browser that has been nowhere yet."""
    chromium.get("about:blank")
    everything = {"origin": "*", "storageTypes": "all"}
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", everything)
    return Tab(chromium)
