"""New rules reach the telephones' own transfers, whoever dies in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from acd.config import Queue
from acd.model import QueueId
from adapters.asterisk.config import Folders
from adapters.asterisk.instance import AsteriskFailed
from adapters.asterisk.refers import FILE, PENDING, READ_AGAIN, Refers
from ivr.settings import Settings, load

SALES = QueueId("sales")


class Console:
    """Asterisk's console; `fails` with this, if anything."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails: Exception | None = None

    def __call__(self, line: str) -> str:
        if self.fails:
            raise self.fails
        self.told.append(line)
        return ""


def installed(folder: Path) -> tuple[Settings, Path, Console, Refers]:
    """An installation; where its list of names lies."""
    (folder / "centre.yaml").write_text("queues: [support]\n")
    settings = load({"HOTLINE_HOME": str(folder), "HOTLINE_DATA": str(folder)})
    file = Folders.of(settings).run / "etc" / FILE
    file.parent.mkdir(parents=True)
    console = Console()
    return settings, file, console, Refers(settings, console)


async def test_the_names_are_written_and_the_dialplan_read_again_only_when_they_change(
    tmp_path: Path,
) -> None:
    settings, file, console, refers = installed(tmp_path)
    await refers.follow(settings.centre)
    assert console.told == [READ_AGAIN]
    assert "exten => support,1," in file.read_text() and "sales" not in file.read_text()
    await refers.follow(settings.centre)
    assert console.told == [READ_AGAIN]
    more = replace(settings.centre, queues={**settings.centre.queues, SALES: Queue(SALES)})
    await refers.follow(more)
    assert console.told == [READ_AGAIN] * 2
    assert "exten => sales,1," in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


async def test_what_asterisk_was_not_told_of_is_told_by_the_next(tmp_path: Path) -> None:
    settings, file, console, refers = installed(tmp_path)
    console.fails = AsteriskFailed("did not answer")
    await refers.follow(settings.centre)
    assert file.exists() and console.told == []
    await Refers(settings, console).follow(settings.centre)
    console.fails = None
    await Refers(settings, console).follow(settings.centre)
    assert console.told == [READ_AGAIN]
    await Refers(settings, console).follow(settings.centre)
    assert console.told == [READ_AGAIN]
    assert not (Folders.of(settings).run / PENDING).exists()


async def test_a_folder_that_cannot_be_written_costs_no_call(tmp_path: Path) -> None:
    settings, file, console, refers = installed(tmp_path)
    file.parent.rmdir()
    await refers.follow(settings.centre)
    assert console.told == []
