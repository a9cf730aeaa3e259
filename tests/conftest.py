"""Fixtures that several folders of tests share, and the order of all tests."""

from __future__ import annotations

from collections.abc import MutableSequence

import pytest

pytest_plugins = ("tests.databases", "tests.stored_centre", "tests.web_site", "tests.web_stage")

SLOW_FOLDERS = ("contract", "integration", "acceptance")


def pytest_collection_modifyitems(items: MutableSequence[pytest.Item]) -> None:
    """What is quick comes first: most mistakes show before the first telephone rings."""
    items[:] = sorted(items, key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return SLOW_FOLDERS.index(folder) + 1 if folder in SLOW_FOLDERS else 0
