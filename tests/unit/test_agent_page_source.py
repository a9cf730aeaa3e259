"""The source of the agents' page: what it must never do, and that its lock can be used anywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from docs import list_third_party

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "adapters" / "web" / "app"
SOURCES = sorted(
    path for path in (APP / "src").rglob("*") if path.suffix in (".ts", ".vue", ".css")
)
MARKUP = re.compile(
    r"v-html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|"
    r"srcdoc|javascript:|DOMParser|createContextualFragment|\bv-bind=|:href|:src\b"
)
"""By which text could become markup or script, or an address that somebody chose be opened."""
FILE_LINES = 300


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_text_is_set_as_text_everywhere(path: Path) -> None:
    assert MARKUP.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("source", ['<p v-html="words">', "box.innerHTML = words", ':href="words"'])
def test_a_way_from_text_to_markup_is_noticed(source: str) -> None:
    assert MARKUP.search(source)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_page_asks_nobody_but_us(path: Path) -> None:
    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", path.read_text(encoding="utf-8")) == []


def test_the_token_is_kept_in_the_tab_alone() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in SOURCES}
    session = texts.pop("session.ts")
    assert "sessionStorage" in session and "localStorage" not in session
    assert [name for name, text in texts.items() if "sessionStorage" in text] == []
    kept = {name: re.findall(r"localStorage\.setItem\((\w+)", text) for name, text in texts.items()}
    assert {name for name, keys in kept.items() if keys} == {"words.ts", "notice.ts"}
    assert not any("document.cookie" in text or "indexedDB" in text for text in texts.values())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


def test_the_lock_names_no_address_and_has_a_digest_for_everything() -> None:
    text = (APP / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    own = packages.pop("")
    assert "resolved" not in text and "registry" not in text
    assert packages and all(each["integrity"].startswith("sha512-") for each in packages.values())
    stated = json.loads((APP / "package.json").read_text(encoding="utf-8"))
    assert own["dependencies"] == stated["dependencies"]
    assert own["devDependencies"] == stated["devDependencies"]


def test_every_package_of_the_page_is_listed_with_its_licence() -> None:
    page = list_third_party.PAGE.read_text(encoding="utf-8")
    for name, version, licence in list_third_party.of_the_page():
        assert f"| {name} | {version} | {licence} |" in page
