"""Callers who wait when Asterisk is killed: each is written to once, and their places hold."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.recovery_stage import RecoveryStage, numbers, recovery_stage

pytestmark = [
    pytest.mark.asterisk, pytest.mark.timeout(230), pytest.mark.asyncio(loop_scope="module"),
]  # fmt: skip
WAITING = 6


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[RecoveryStage]:
    async with recovery_stage() as found:
        yield found


async def test_nobody_is_offered_anything_while_asterisk_lives(stage: RecoveryStage) -> None:
    await stage.here.callers(WAITING)
    await stage.here.until_states(waiting=WAITING)
    stage.here.kill_python()
    await stage.here.start()
    await stage.here.until_states(waiting=WAITING)
    assert await stage.texts() == [] and await stage.offers() == []


async def test_each_is_written_to_once_when_asterisk_and_core_die(stage: RecoveryStage) -> None:
    before = [contact["contact"] for contact in await stage.line()]
    stage.kill_asterisk()
    stage.here.kill_python()  # perhaps before it has noticed, perhaps in the middle of it
    await stage.here.start()
    await stage.until_texts(WAITING, 20)
    assert sorted(str(one.contact) for one in await stage.offers()) == sorted(before)
    assert sorted(text["to"] for text in await stage.texts()) == numbers(WAITING)


async def test_who_comes_back_by_link_or_telephone_stands_where_they_stood(
    stage: RecoveryStage,
) -> None:
    arrived = [record.contact for record in await stage.here.records("Arrived")]
    offered = list(dict.fromkeys(arrived))
    await stage.here.callers(1, first=WAITING)
    people = numbers(WAITING)
    for number in people[::2]:
        assert "refused" not in await stage.redeem(number)
    await stage.call_again(people[1::2])
    await stage.here.until_states(30, waiting=WAITING + 1)
    came_from = {record.contact: record.data["resumes"] for record in
                 await stage.here.records("Arrived") if record.data["resumes"]}  # fmt: skip
    line = [came_from.get(contact["contact"], "new") for contact in await stage.line()]
    assert line == [*offered, "new"]
    assert len(await stage.offers()) == WAITING


async def test_an_orderly_stop_leaves_nobody_without_an_offer(stage: RecoveryStage) -> None:
    """It hangs up on everybody itself; who is online by now is not concerned."""
    online = (WAITING + 1) // 2
    there = WAITING + 1 - online
    stage.kill_asterisk(signal.SIGTERM)
    await stage.until_texts(WAITING + there, 20)
    assert len(await stage.offers()) == WAITING + there
    await stage.until_back()
    await stage.here.until_states(waiting=online)
