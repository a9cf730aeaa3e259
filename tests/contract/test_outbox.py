"""What every outbox promises: in memory, and as files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.stores.outbox import FOLDER, TEXTS, FileOutbox
from ivr.ports import EffectKey, Outbox, Outgoing, PersonId, StoreFailed, StoreRefused
from tests.fakes_stores import MemoryOutbox

Kept = Callable[[], list[Outgoing]]
KEY = EffectKey("ast-1700000000.5/mailbox/1")
NOTICE = Outgoing(KEY, "email", None, {"queue": "support", "seconds": 12.5})


@pytest.fixture(params=["memory", "files"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Outbox, Kept]:
    """An outbox, and what lies in it."""
    if request.param == "memory":
        memory = MemoryOutbox()
        return memory, lambda: list(memory.entries.values())
    return FileOutbox(tmp_path), lambda: [w.outgoing for w in FileOutbox(tmp_path).waiting()]


async def test_what_was_put_is_kept_as_it_was(box: tuple[Outbox, Kept]) -> None:
    outbox, kept = box
    await outbox.put(NOTICE)
    assert kept() == [NOTICE]


async def test_of_two_with_one_key_the_first_stays(box: tuple[Outbox, Kept]) -> None:
    outbox, kept = box
    await outbox.put(NOTICE)
    await outbox.put(Outgoing(KEY, "sms", PersonId("per_1"), {}))
    assert kept() == [NOTICE]


async def test_many_at_once_with_one_key_leave_one(box: tuple[Outbox, Kept]) -> None:
    outbox, kept = box
    await asyncio.gather(*(outbox.put(Outgoing(KEY, "email", None, {"n": n})) for n in range(20)))
    assert len(kept()) == 1


async def test_another_visit_is_another_entry(box: tuple[Outbox, Kept]) -> None:
    outbox, kept = box
    await outbox.put(NOTICE)
    await outbox.put(Outgoing(EffectKey("ast-1700000000.5/mailbox/2"), "email", None, {}))
    assert len(kept()) == 2


async def test_what_was_sent_is_gone_and_what_lies_beside_it_stays(tmp_path: Path) -> None:
    texts, others = FileOutbox(tmp_path, TEXTS), FileOutbox(tmp_path)
    for outbox in (texts, others):
        await outbox.put(NOTICE)
    await texts.done(KEY)
    await texts.done(KEY)
    assert not list(texts.waiting()) and [w.outgoing for w in others.waiting()] == [NOTICE]


async def test_files_are_whole_readable_by_us_alone_and_nothing_is_left_beside(
    tmp_path: Path,
) -> None:
    await FileOutbox(tmp_path).put(NOTICE)
    await FileOutbox(tmp_path).put(NOTICE)
    [file] = (tmp_path / FOLDER).iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert KEY.split("/")[0] not in file.name


async def test_a_folder_that_cannot_be_written_is_a_failure_to_try_again(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(StoreFailed, match="outbox"):
        await FileOutbox(tmp_path).put(NOTICE)


async def test_a_file_that_is_no_entry_is_named(tmp_path: Path) -> None:
    await FileOutbox(tmp_path).put(NOTICE)
    (tmp_path / FOLDER / "odd.json").write_text("{}")
    with pytest.raises(StoreRefused, match=r"odd\.json"):
        list(FileOutbox(tmp_path).waiting())
