"""Fixtures that several folders of tests share, and which tests come first."""

from __future__ import annotations

import resource
from collections.abc import MutableSequence

import pytest

pytest_plugins = (
    "tests.databases", "tests.stored_centre", "tests.web_site", "tests.web_stage",
    "tests.pass_stage", "tests.chat_stage", "tests.browser",
)  # fmt: skip

REAL_PARTS = ("contract", "integration", "acceptance")


def pytest_configure() -> None:
    """Whatever a test ends by force leaves no image of its memory in the checkout."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def pytest_collection_modifyitems(items: MutableSequence[pytest.Item]) -> None:
    """What is quick comes first: most mistakes show before the first telephone rings."""
    items[:] = sorted(items, key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return REAL_PARTS.index(folder) + 1 if folder in REAL_PARTS else 0
