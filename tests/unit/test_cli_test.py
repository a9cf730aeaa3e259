"""`./hotline test --fast` tells pytest what pytest knows."""

from __future__ import annotations

import pytest

from adapters.cli.commands import FAST
from ivr.settings import ROOT


def test_the_quick_run_names_folders_and_markers_that_there_are(
    pytestconfig: pytest.Config,
) -> None:
    options = FAST.index("-m")
    places, expression = FAST[:options], FAST[options + 1]
    assert [place for place in places if not (ROOT / place).exists()] == []
    known = {marker.partition(":")[0] for marker in pytestconfig.getini("markers")}
    assert set(expression.split()) - {"not", "and"} <= known
