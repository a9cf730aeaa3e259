"""Old records are lifted, one version at a time; the others are left as they are."""

from __future__ import annotations

from adapters.stores.upcast import Upcasts, lifted
from ivr.ports import Record

RULES: Upcasts = {
    ("queued", 1): lambda data: {**data, "class": "standard"},
    ("queued", 2): lambda data: {"line": data["queue"], "class": data["class"]},
}


def test_a_record_is_lifted_to_the_newest_version() -> None:
    record = lifted(Record(1.0, "queued", {"queue": "support"}, seq=9), RULES)
    assert record == Record(1.0, "queued", {"line": "support", "class": "standard"}, None, 3, 9)


def test_records_without_a_rule_stay_as_written() -> None:
    for record in (Record(1.0, "queued", {"x": 1}, version=3), Record(1.0, "note", {"x": 1})):
        assert lifted(record, RULES) == record
