"""The campaign of random talks: it goes on where it stopped, and says what it has come to."""

from __future__ import annotations

import json
from pathlib import Path

from tests.campaign_talks import all_shards, begun, code_now, plain


def keep(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(begun(path, 7, 0) | changes))


def test_a_shard_goes_on_where_it_stopped_unless_the_code_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "talks-7-0-0.0.json"
    keep(path, n=41)
    assert begun(path, 7, 0)["n"] == 41
    keep(path, n=41, code="of yesterday")
    assert begun(path, 7, 0)["n"] == 0


def test_the_last_line_counts_all_shards_of_the_seed_and_of_this_code(tmp_path: Path) -> None:
    keep(tmp_path / "talks-7-0-0.0.json", n=40, steps=300, seconds=600.0)
    keep(tmp_path / "talks-7-1-0.01.json", n=2, steps=9, kills=3, stuck=["a"], faults=[{}, {}])
    keep(tmp_path / "talks-7-2-0.0.json", n=500, lost=["c"], code="of yesterday")
    keep(tmp_path / "talks-71-0-0.0.json", n=1000)
    found = plain(all_shards(tmp_path, 7, code_now()))
    assert found == (
        "2 shards, 42 sequences, 309 steps, 3 kills, 10 min: "
        "2 differ, 1 agents stuck, 0 contacts lost"
    )
