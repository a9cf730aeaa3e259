"""Who has the contact: each row of that page names what keeps it, and that is there."""

from __future__ import annotations

from pathlib import Path

from tests import ownership_page
from tests.documents import Document


def test_every_row_of_the_page_of_ownership_has_a_test_on_the_real_asterisk() -> None:
    kept = ownership_page.named()
    assert set(kept) - ownership_page.tests_on_asterisk() == set()
    assert ownership_page.rows() == set().union(*kept.values())


def test_a_row_without_a_test_and_a_test_without_a_row_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    kept = "| rows | what dies | test |\n| --- | --- | --- |\n| 1–2, 5 | A | `test_x` |\n"
    page.write_text(f"| 1 | a |\n| 3 | b |\n{ownership_page.KEPT}\n{kept}", encoding="utf-8")
    assert ownership_page.rows(Document(page)) == {1, 3}
    assert ownership_page.named(Document(page)) == {"test_x": {1, 2, 5}}
