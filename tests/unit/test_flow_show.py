"""`flow show`: what the journal says callers did, on the picture of the flow."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from acd.model import ContactId
from adapters.cli.commands import app
from adapters.cli.exports import bounds
from adapters.stores.journal import SqlJournal
from adapters.stores.schema import open_database
from ivr import steps_taken
from ivr.ports import Record
from ivr.steps_taken import Counted, StepsTaken
from tests.fakes_stores import MemoryJournal

DAY, ZONE = "2026-11-20", "Asia/Shanghai"
START, END = bounds(DAY, ZONE)
FLOWS = {"4000": "main", "4001": "main", "5000": "sales"}


def began(at: float, contact: str, dialled: str = "4000") -> Record:
    data = {"person": None, "dialled": dialled, "language": "zh"}
    return Record(at, "CallStarted", data, ContactId(contact))


def took(at: float, contact: str, step: str, outcome: str, flow: str | None = None) -> Record:
    """`flow` None: a note from before flows had versions."""
    named = {} if flow is None else {"flow": flow}
    return Record(at, "StepTaken", {"step": step, "outcome": outcome} | named, ContactId(contact))


async def counted(*records: Record, flow: str = "main", version: int | None = None) -> StepsTaken:
    journal = MemoryJournal()
    await journal.append(sorted(records, key=lambda record: record.at))
    return await steps_taken.count(journal, START, END, Counted(flow, version), FLOWS)


# ---------------------------------------------------------------- counting


async def test_a_step_belongs_to_the_flow_that_its_note_names_whatever_was_dialled() -> None:
    calls = [began(START, "a", "5000"), began(START, "b", "9999"), began(START, "c")]
    steps = [
        took(START + 1, "a", "menu", "1", "main/3"),
        took(START + 1, "b", "menu", "1", "main/file-1f5c"),
        took(START + 1, "c", "menu", "1", "sales/3"),
        took(START + 1, "d", "menu", "1", "main_hall/3"),
    ]
    assert await counted(*calls, *steps) == StepsTaken({("menu", "1"): 2}, 2, 0)


async def test_one_version_is_counted_alone() -> None:
    versions = ("main/1", "main/2", "main/2", "main/12", "main/file-2", "sales/2")
    steps = [took(START + 1, str(n), "menu", "1", flow) for n, flow in enumerate(versions)]
    assert await counted(*steps, version=2) == StepsTaken({("menu", "1"): 2}, 2, 0)
    assert await counted(*steps, version=3) == StepsTaken({}, 0, 0)


async def test_an_older_note_may_be_of_any_version_of_the_flow_that_was_dialled() -> None:
    calls = [began(START, "a"), began(START, "b", "5000"), began(START, "c", "9999")]
    steps = [took(START + 1, contact, "menu", "1") for contact in "abc"]
    assert await counted(*calls, *steps, version=2) == StepsTaken({}, 0, 2)


async def test_older_notes_belong_to_the_flow_that_their_number_leads_to() -> None:
    calls = [began(START + 1, "a"), began(START + 1, "b", "4001"), began(START + 1, "c", "5000")]
    steps = [took(START + 2, contact, "welcome", "1") for contact in "abc"]
    assert await counted(*calls, *steps) == StepsTaken({("welcome", "1"): 2}, 2, 0)
    assert await counted(*calls, *steps, flow="sales") == StepsTaken({("welcome", "1"): 1}, 1, 0)


async def test_a_step_belongs_to_the_period_in_which_it_ended() -> None:
    at = {"early": START - 0.001, "first": START, "last": END - 0.001, "late": END}
    steps = [took(when, "a", name, "done") for name, when in at.items()]
    found = await counted(began(START - 60, "a"), *steps)
    assert set(found.counts) == {("first", "done"), ("last", "done")}


async def test_calls_whose_flow_cannot_be_told_are_counted_apart() -> None:
    long_before = [began(START - 7200, "a"), took(START + 1, "a", "menu", "1")]
    elsewhere = [began(START, "b", "9999"), took(START + 1, "b", "menu", "1")]
    unknown = [took(START + 1, "c", "menu", "1"), took(START + 2, "c", "menu", "2")]
    assert await counted(*long_before, *elsewhere, *unknown) == StepsTaken({}, 0, 3)


async def test_where_callers_hang_up_is_counted_like_every_outcome() -> None:
    gone = [took(START + n, "a", "menu", "caller gone") for n in (1, 2)]
    assert (await counted(began(START, "a"), *gone)).counts == {("menu", "caller gone"): 2}


# ---------------------------------------------------------------- the command

RECORDS = [
    began(START + 10, "a"), took(START + 12, "a", "welcome", "1"),
    took(START + 12, "a", "chinese", "done"), took(START + 12, "a", "hours", "open"),
    took(START + 20, "a", "menu", "0"), took(START + 20, "a", "person", "waiting"),
    began(START + 30, "b"), took(START + 31, "b", "welcome", "caller gone"),
    began(START + 40, "c"), took(START + 41, "c", "voicemail", "done"),
    took(START + 50, "d", "welcome", "2"),
]  # fmt: skip


@pytest.fixture
async def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a journal that a running core holds."""
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    database = await open_database(f"sqlite:///{tmp_path / 'core.db'}", "core")
    async with SqlJournal(database) as journal:
        await journal.append([*RECORDS, began(time.time(), "e")])
        await journal.append([took(time.time(), "e", "welcome", "2")])
    await database.close()
    return tmp_path


async def show(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["flow", "show", *words])


async def test_without_a_period_the_flow_is_shown_as_mermaid_text(folder: Path) -> None:
    done = await show("main")
    assert done.stdout.startswith("flowchart TD\n") and "came" not in done.stdout


async def test_a_day_is_counted_beside_a_running_core(folder: Path) -> None:
    database = await open_database(f"sqlite:///{folder / 'core.db'}", "core")
    async with SqlJournal(database):
        done = await show("main", "--day", DAY, "--zone", ZONE, "--json")
    await database.close()
    told = json.loads(done.stdout)
    assert (told["from"], told["to"], told["calls"], told["left_out"]) == (START, END, 3, 1)
    steps = {step["step"]: (step["came"], step["hung_up"]) for step in told["steps"]}
    assert (steps["welcome"], steps["menu"], steps["about"]) == ((2, 1), (1, 0), (0, 0))
    [arrow] = [a for a in told["arrows"] if (a["from"], a["to"]) == ("menu", "person")]
    assert arrow["taken"]["0"] == 1 and sum(arrow["taken"].values()) == 1
    assert told["no_longer"] == [{"step": "voicemail", "outcome": "done", "taken": 1}]
    assert "left out: 1 calls" in done.stderr


async def test_the_picture_says_which_calls_it_counts(folder: Path) -> None:
    out = folder / "main.svg"
    done = await show("main", "--day", DAY, "--zone", ZONE, "--svg", str(out))
    assert done.stdout == ""
    texts = [element.text for element in ElementTree.parse(out).iter() if element.text]
    assert f"3 calls from 2026-11-20 00:00 to 2026-11-21 00:00 ({ZONE})" in texts
    assert "No longer in the flow: voicemail, done: 1" in texts


SHORT = "first: person\nsteps: {person: {do: queue, after: goodbye}}\n"


def publish(folder: Path) -> None:
    """A first version of the flow, after which its draft changes."""
    (folder / "flows").mkdir()
    draft = folder / "flows" / "main.yaml"
    draft.write_text(SHORT)
    done = CliRunner().invoke(app, ["flow", "publish", "main", "--why", "a beginning"])
    assert "published: main/1" in done.stdout, done.stderr
    draft.write_text(SHORT.replace("person", "clerk"))


async def test_a_version_is_shown_as_it_was_with_its_own_calls(folder: Path) -> None:
    await asyncio.to_thread(publish, folder)
    database = await open_database(f"sqlite:///{folder / 'core.db'}", "core")
    async with SqlJournal(database) as journal:
        for contact, flow in (("f", "main/1"), ("g", "main/2"), ("h", "main/1")):
            await journal.append([took(time.time(), contact, "person", "waiting", flow)])
    await database.close()
    out = folder / "main.svg"
    done = await show("main", "--version", "1", "--since", "5m", "--svg", str(out), "--json")
    told = json.loads(done.stdout)
    assert (told["version"], told["calls"], told["left_out"]) == (1, 2, 1)
    assert [(step["step"], step["came"]) for step in told["steps"]] == [("person", 2)]
    assert "left out: 1 calls (their records do not tell the flow and its version)" in done.stderr
    texts = [element.text for element in ElementTree.parse(out).iter() if element.text]
    assert any(text.startswith("version 1, 2 calls from ") for text in texts)
    assert [box["step"] for box in json.loads((await show("main", "--json")).stdout)["steps"]] == [
        "clerk"
    ]


async def test_picture_and_mermaid_text_come_together_when_asked_for(folder: Path) -> None:
    done = await show("main", "--svg", str(folder / "main.svg"), "--mermaid")
    assert done.stdout.startswith("flowchart") and (folder / "main.svg").exists()


@pytest.mark.parametrize(
    ("words", "calls"),
    [
        (("--since", "2026-11-20T00:00:35", "--until", "2026-11-20T00:00:45"), 1),
        (("--since", "2026-11-19T16:00:35Z", "--until", DAY + "T00:01"), 1),
        (("--since", DAY, "--until", "2026-11-21"), 3),
        (("--since", "5m"), 1),
    ],
)
async def test_a_period_is_told_by_clock_or_by_how_long_ago(
    folder: Path, words: tuple[str, ...], calls: int
) -> None:
    done = await show("main", *words, "--zone", ZONE, "--json")
    assert json.loads(done.stdout)["calls"] == calls


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mian",), "there is no flow 'mian'; did you mean 'main'?"),
        (("main", "--version", "7"), "no version main/7; ./hotline flow versions main lists them"),
        (("main", "--since", "yesterday"), "write 2026-10-01, 2026-10-01T09:00, 90m, 2h or 7d"),
        (("main", "--since", "2026-13-40"), "'2026-13-40' is no time"),
        (("main", "--until", "2h"), "--until needs --since"),
        (("main", "--day", DAY, "--since", "2h"), "give either --day, or --since and --until"),
        (("main", "--since", "1h", "--until", "2h"), "is not before --until 2h"),
        (("main", "--since", "2h", "--zone", "Mars/Base"), "there is no time zone 'Mars/Base'"),
        (("main", "--day", "20.11."), "20.11."),
        (("main", "--svg", "/nowhere/main.svg"), "/nowhere/main.svg: No such file or directory"),
    ],
)
async def test_what_cannot_be_shown_is_said_with_the_way_out(
    folder: Path, words: tuple[str, ...], said: str
) -> None:
    done = await show(*words)
    assert (done.exit_code, done.stdout) == (1, "") and said in done.stderr


async def test_without_a_journal_the_counts_are_missed_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    done = await show("main", "--since", "2h")
    assert done.exit_code == 1 and "core.db is not there yet" in done.stderr
