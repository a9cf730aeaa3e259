"""`docs/ownership.md` as a program reads it: its rows, and the tests that it names for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.documents import ROOT, Document

PAGE = Document(ROOT / "docs" / "ownership.md")
KEPT = "## Tests that keep it"


def rows(page: Document = PAGE) -> set[int]:
    """The numbers in the first column of its tables."""
    told, _, _ = page.text.partition(KEPT)
    return {int(number) for number in re.findall(r"^\| (\d+) \|", told, re.MULTILINE)}


def named(page: Document = PAGE) -> dict[str, set[int]]:
    """The tests that it names, each with its rows."""
    found: dict[str, set[int]] = {}
    _, _, kept = page.text.partition(KEPT)
    for line in kept.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        for test in re.findall(r"`(test_\w+)`", cells[3]) if len(cells) > 3 else ():
            found.setdefault(test, set()).update(_numbers(cells[1]))
    return found


def _numbers(text: str) -> Iterator[int]:
    """Of `1–3, 7`: 1, 2, 3, 7."""
    for part in text.split(","):
        first, _, last = part.strip().partition("–")
        yield from range(int(first), int(last or first) + 1)


def tests_on_asterisk() -> set[str]:
    """Every test that needs the real Asterisk, by its name."""
    files = (ROOT / "tests" / "integration").glob("test_*.py")
    texts = [path.read_text(encoding="utf-8") for path in files]
    with_it = (text for text in texts if "pytest.mark.asterisk" in text)
    return {
        name for text in with_it for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.M)
    }
