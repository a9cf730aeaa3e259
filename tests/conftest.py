"""Fixtures that several folders of tests share, and which tests may run at the same time."""

from __future__ import annotations

from collections.abc import MutableSequence

import pytest

pytest_plugins = ("tests.databases", "tests.stored_centre", "tests.web_site", "tests.web_stage")

REAL_PARTS = ("contract", "integration", "acceptance")


def pytest_collection_modifyitems(items: MutableSequence[pytest.Item]) -> None:
    """What is quick comes first: most mistakes show before the first telephone rings.

    Where several processes run the tests, one of them has all that use telephones, databases and
    ports, one after the other, and the rest goes on beside it.
    """
    items[:] = sorted(items, key=_rank)
    for item in items:
        if _rank(item):
            item.add_marker(pytest.mark.xdist_group("real parts"))


def _rank(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return REAL_PARTS.index(folder) + 1 if folder in REAL_PARTS else 0
