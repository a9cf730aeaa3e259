"""Fixtures that several folders of tests share, and which tests may run at the same time."""

from __future__ import annotations

from collections.abc import MutableSequence
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ("tests.databases", "tests.stored_centre", "tests.web_site", "tests.web_stage")

REAL_PARTS = ("contract", "integration", "acceptance")


class OneForRealParts(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
    """Of several processes one runs all tests that use telephones, databases and ports, one after
    the other; the rest goes on beside it, a file at a time."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "real parts" if Path(file).parent.name in REAL_PARTS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneForRealParts:
    return OneForRealParts(config, log)


def pytest_collection_modifyitems(items: MutableSequence[pytest.Item]) -> None:
    """What is quick comes first: most mistakes show before the first telephone rings."""
    items[:] = sorted(items, key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return REAL_PARTS.index(folder) + 1 if folder in REAL_PARTS else 0
