"""Whoever reads a number on the screen reads it as people of the country write it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.cli.seen_numbers import as_written
from ivr.outbound import OutboundSettings
from tests.stored_centre import settings_in


@pytest.mark.parametrize(
    ("region", "kept", "seen"),
    [
        ("CN", "+8613800138000", "138 0013 8000"),
        ("CN", "+862164085000", "021 6408 5000"),
        ("US", "+12125550123", "212 555 0123"),
        ("US", "+8613800138000", "+86 138 0013 8000"),
        ("CN", "", ""),
        ("CN", "10086", "10086"),
    ],
)
def test_a_number_is_shown_in_groups_and_without_the_own_countrys_code(
    tmp_path: Path, region: str, kept: str, seen: str
) -> None:
    found = settings_in(tmp_path)
    site = found.site.model_copy(update={"outbound": OutboundSettings(region=region)})
    settings = replace(found, site=site)
    assert as_written([{"contact": "1.1", "number": kept}], settings) == [
        {"contact": "1.1", "number": seen}
    ]
    assert as_written([{"contact": "1.1"}], settings) == [{"contact": "1.1"}]
