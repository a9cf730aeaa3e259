"""A number whose hours are closed leads to another flow, for calls that begin then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.faults import BadFlow
from ivr.flows_in_force import load_in_force
from ivr.live_flows import LiveFlows
from ivr.load import house_of
from ivr.settings import load
from tests.fakes import A_CALL

SITE = 'numbers: {"4000": {flow: main, hours: weekdays, closed: night}}'
CENTRE = "hours: {weekdays: {zone: Asia/Shanghai, open: {mon-fri: '09:00-18:00'}}}"
NIGHT = "first: end\nsteps: {end: {do: goodbye, say: {zh: 再见, en: Goodbye}}}\n"


def live(root: Path, closed: list[bool], night: str = NIGHT) -> LiveFlows:
    (root / "flows").mkdir()
    (root / "site.yaml").write_text(SITE)
    (root / "centre.yaml").write_text(CENTRE)
    if night:
        (root / "flows" / "night.yaml").write_text(night)
    found = load({"HOTLINE_DATA": str(root), "HOTLINE_HOME": str(root)})

    def is_closed(hours: str) -> bool:
        assert hours == "weekdays"
        return closed[0]

    return LiveFlows(found, load_in_force(found), lambda: house_of(found), is_closed)


async def test_new_callers_are_led_through_the_other_flow_while_it_is_closed(
    tmp_path: Path,
) -> None:
    closed = [True]
    flows, call = live(tmp_path, closed), replace(A_CALL, dialled="4000", version="")
    assert (await flows.of_call(call)).name == "night"
    closed[0] = False
    assert (await flows.of_call(call)).name == "main"


async def test_who_called_before_it_closed_goes_on_in_the_flow_of_then(tmp_path: Path) -> None:
    closed = [False]
    flows, call = live(tmp_path, closed), replace(A_CALL, dialled="4000", version="")
    begun = await flows.of_call(call)
    closed[0] = True
    assert await flows.of_call(replace(call, version=begun.version)) is begun


def test_a_flow_for_closed_hours_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadFlow, match=r"numbers\.4000\.closed: there is no flow 'night'"):
        live(tmp_path, [True], night="")
