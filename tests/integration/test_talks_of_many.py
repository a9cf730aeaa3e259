"""Talks of several agents as they are foretold from docs/ownership.md, step by step.

Each row is one call: what is done in it, by name (`tests/talk_deeds.py`). After each deed the
account of the house and that of Asterisk must be what `tests/talk_model.py` says. Random ones by
the thousand: `python -m tests.campaign_talks`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.sipp.callers import fictional_numbers
from tests.talk_house import places, talk_house
from tests.talk_lane import Lane

pytestmark = [
    pytest.mark.asterisk, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module"),
]  # fmt: skip
[CALLER] = fictional_numbers(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lane() -> AsyncIterator[Lane]:
    """Four agents at their phones."""
    [place] = places(4)
    async with talk_house([place]) as house:
        found = Lane(house, place)
        await found.hands.open()
        try:
            yield found
        finally:
            await found.hands.close()


@pytest.mark.parametrize(
    "script",
    [
        "answer, hold, refused: hold again, star, agent hangs up",
        "answer, hold by phone, resume by phone, hold, resume",
        "answer, consult, B declines, consult, cancel, consult, star",
        "answer, consult, B answers, refused: consult again, swap, swap, B hangs up",
        "answer, consult, B answers, complete, agent hangs up",
        "answer, consult, B answers, swap, agent hangs up, hold, resume",
        "answer, consult, B answers, conference, B hangs up, agent hangs up",
        "answer, consult, B answers, swap, B hangs up, agent hangs up",
        "answer, consult, B answers, conference, complete, hold, resume",
        "answer, consult, B answers, conference, agent hangs up",
        "answer, consult, B answers, conference, caller hangs up",
        "answer, consult, cancel, hold, agent hangs up",
        "answer, consult, agent hangs up, B declines, answer",
        "answer, transfer, B declines, answer, hold, caller hangs up",
        "answer, consult, B declines, agent hangs up",
        "answer, transfer, B answers, transfer to queue, answer",
        "answer, refused: refer elsewhere, refer to queue, answer",
        "answer, refer, B answers",
        "answer, hold by phone, call, B answers, refer with replaces, hold, resume",
        "answer, hold by phone, call, refer with replaces, B answers, agent hangs up",
        "answer, hold by phone, call, B declines, call, second line hangs up, resume by phone",
        "answer, hold by phone, call, B answers, cancel, call, complete, B answers",
        "answer, hold by phone, call, cancel, resume by phone, agent hangs up",
        "answer, hold, refused: call a colleague, resume, agent hangs up",
    ],
)
async def test_the_house_and_asterisk_say_what_is_foretold(lane: Lane, script: str) -> None:
    deeds = script.split(", ")
    try:
        run = await lane.follow(deeds, CALLER)
    except BaseException:
        await lane.settle()
        raise
    assert run.took and any(step.partition(": agent-")[0] in deeds for step in run.steps)
