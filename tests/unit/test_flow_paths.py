"""Ways through flows, made from their graphs: complete, and the same as rehearsed callers walk."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.flow import KINDS, SILENCE, TALKED, Flow, MenuStep
from ivr.load import load_for
from ivr.rehearsal.coverage import Coverage
from ivr.rehearsal.line import HANGS_UP, SILENT, TALKS
from ivr.rehearsal.stage import Premises, Role, Stage
from ivr.settings import load as settings_of
from ivr.steps_spilling import QUEUE
from tests.campaign_flow_calls import missing, planned
from tests.flow_deeds import DEEDS, HANG_UP, TAKES_TIME
from tests.flow_paths import Path as Way
from tests.flow_paths import only_by_faults
from tests.flow_worlds import EXAMPLES
from tests.hand import SPEECH
from tests.resume_rows import CHAINED, NO_ROW, ROWS, kind_of

COPIED = [name for name in EXAMPLES if name != "orders"]
WORK_DAY, NIGHT = 1_772_420_400.0, 1_772_467_200.0
"""Monday, 2 March 2026 in Shanghai: 11:00, and the midnight after it."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_calls_cover_every_outcome_and_hang_up_wherever_time_passes(name: str) -> None:
    flow, ways = planned(name)
    coverage = Coverage(flow)
    for way in ways:
        coverage.add(way.trail)
    assert missing(coverage) == []
    away = {step for step, outcome in only_by_faults(flow) if not outcome}
    in_time = {step for step, one in flow.steps.items() if one.do in TAKES_TIME} - away
    assert set(coverage.hang_ups) == in_time


@pytest.mark.parametrize("name", COPIED)
def test_rehearsed_callers_walk_the_same_ways(name: str, tmp_path: Path) -> None:
    settings = settings_of({"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATA": str(EXAMPLES[name])})
    premises = Premises.of(settings, load_for(settings))
    flow, ways = planned(name)
    with Stage(premises) as stage:
        for way in ways:
            at = WORK_DAY if way.world.open else NIGHT
            role = Role(
                name, acts(way, flow), at, way.world.dialled, "en", caller_number="13800138000",
                pin=way.world.pin or None,
                overflow="" if way.world.overflow == QUEUE else way.world.overflow,
            )  # fmt: skip
            walked = list(stage.walk(role).trail)
            last = way.deeds[-1]
            if last.outcome == HANG_UP and flow.steps[last.step].do in ("say", "goodbye"):
                assert walked[: len(way.trail) - 1] == way.trail[:-1]  # they listen to the end
            else:
                assert walked == way.trail


def acts(way: Way, flow: Flow) -> list[str]:
    """What a rehearsed caller does on it."""
    done: list[str] = []
    for deed in way.deeds:
        step = flow.steps[deed.step]
        if deed.outcome == HANG_UP:
            done.append(HANGS_UP)
        elif deed.outcome == TALKED:
            done.append(TALKS)
        elif deed.outcome == SILENCE:
            done += [SILENT] * getattr(step, "tries", 0)
        elif SPEECH in deed.keys:
            done += ["speaks 3", *deed.keys.rpartition("#")[2]]
        elif deed.keys and isinstance(step, MenuStep):
            done += deed.keys
        elif deed.keys:
            done.append(deed.keys)
    return done


def test_every_kind_of_step_has_its_deeds_and_is_killed_in() -> None:
    assert set(DEEDS) == set(KINDS)
    assert {kind_of(name) for name in ROWS} | set(CHAINED) | set(NO_ROW) == set(KINDS)
