"""The customer's pages as they lie in their folder: words in both languages, nothing that runs."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest

from adapters.chat import frames
from adapters.chat.routes import FILES, FOLDER, KINDS, policy
from ivr.chat_settings import ChatSettings
from ivr.chats import Phrase

PAGE = (FOLDER / "page.html").read_text(encoding="utf-8")
CSS = FILES["chat.css"].decode()
SCRIPTS = {name: text.decode() for name, text in FILES.items() if name.endswith(".js")}
ORDINARY = 4.5
"""The least contrast of ordinary text (WCAG 2.2, AA)."""


def words() -> dict[str, dict[str, str]]:
    text = SCRIPTS["words.js"]
    begin = text.index("WORDS = ") + len("WORDS = ")
    found: dict[str, dict[str, str]] = json.loads(text[begin : text.index("\n};\n") + 2])
    return found


WORDS = words()


def test_both_languages_have_words_for_the_same() -> None:
    assert set(WORDS) == set(frames.LANGUAGES)
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    holes = [
        {key: set(re.findall(r"\{\w+\}", text)) for key, text in of.items()}
        for of in WORDS.values()
    ]
    assert holes[0] == holes[1]
    assert all(text.strip() for of in WORDS.values() for text in of.values())


def test_chinese_is_chinese_and_english_is_english() -> None:
    for language, foreign in (("en", r".*[一-鿿]"), ("zh", r"[\x00-\x7f]+$")):
        strange = {key for key, text in WORDS[language].items() if re.match(foreign, text)}
        assert strange == {"other_language"}


def test_every_word_that_is_asked_for_is_there() -> None:
    asked = set(re.findall(r'data-(?:words|label|hint)="(\w+)"', PAGE))
    for script in (text for name, text in SCRIPTS.items() if name != "widget.js"):
        asked |= set(re.findall(r'\bsay\((?:[\w.]+, )?"(\w+)"', script))
        asked |= set(re.findall(r'\b(?:tell|note)\((?:[\w.]+, )?"(\w+)"', script))
    assert len(asked) > 40
    whole = {key for key in asked if not key.endswith("_")}  # the others go on with a name
    assert whole - WORDS["en"].keys() == set()


def test_every_refusal_has_a_sentence() -> None:
    why = {
        "too many", "begin", "resume", "redeem", "look", "pass", "answered", "write", "end",
        "rate", "call me", "frame",
    }  # fmt: skip
    assert {f"refused_{one}" for one in why} - WORDS["zh"].keys() == set()


def test_whatever_the_house_says_has_words() -> None:
    assert {f"house_{phrase}" for phrase in Phrase} - WORDS["zh"].keys() == set()


def test_nothing_in_a_page_or_script_could_run_text() -> None:
    assert re.findall(r"<script(?![^>]*src=)", PAGE) == []
    assert re.findall(r"\s(?:on\w+|style)=", PAGE) == []
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    )
    assert [name for name, text in SCRIPTS.items() if re.search(forbidden, text)] == []


def test_what_pages_load_is_in_the_folder() -> None:
    named = set(re.findall(r'(?:src|href)="chat/([\w.]+)"', PAGE))
    for script in SCRIPTS.values():
        named |= set(re.findall(r'from "\./([\w.]+)"', script))
    assert named | {"widget.js"} == set(FILES)
    assert all(path.suffix in (*KINDS, ".html") for path in FOLDER.iterdir())


def test_the_policy_names_who_may_frame_the_page() -> None:
    alone = policy(ChatSettings(url="https://help.example.com"))
    assert alone.endswith("frame-ancestors 'self'")
    assert "connect-src 'self' wss://help.example.com;" in alone


# ---------------------------------------------------------------- what can be seen


def colours() -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", CSS))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


PAIRS = [("ground", "ink"), ("card", "ink"), ("ground", "soft"), ("card", "soft"),
         ("strong", "on-strong"), ("card", "strong"), ("agent", "on-agent"), ("agent", "strong"),
         ("trouble", "on-trouble"), ("ground", "on-trouble"), ("news", "on-news")]  # fmt: skip


@pytest.mark.parametrize(("ground", "ink"), PAIRS)
def test_words_stand_out_from_their_ground(ground: str, ink: str) -> None:
    known = colours()
    assert contrast(known[ground], known[ink]) >= ORDINARY
    assert contrast(known["card"], known["edge"]) >= 3  # where one writes


def test_nothing_moves_for_who_wants_no_motion() -> None:
    begin = CSS.index("@media (prefers-reduced-motion: no-preference)")
    moving = [match.start() for match in re.finditer(r"transition|animation|scroll-behavior", CSS)]
    assert moving and all(at > begin for at in moving)


def test_sizes_follow_the_readers_own() -> None:
    assert re.findall(r"font(?:-size)?:[^;]*?[\d.]+px", CSS) == []


def test_headings_follow_each_other() -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", PAGE)]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels))
