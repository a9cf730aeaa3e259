"""What a real Asterisk once said, said again: the same scripts must tell it the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.actions import Action
from panoramisk.message import Message

from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.ami_wire import BREAKS, LONGEST_LINE, AmiRefused, Wire, checked, plain
from ivr.ports import CallerGone, Line
from tests.bare_asterisk import free_port
from tests.record_asterisk import FOLDER, as_recorded, gone, menu
from tests.telephony_stage import WORD, Recordings

SESSIONS = sorted(FOLDER.glob("ami/*-session.txt"))


# ---- AGI

alike = pytest.fixture(as_recorded)


async def replay(path: Path, folder: Path) -> tuple[list[str], list[str], list[str | None]]:
    """Commands recorded and commands now, and what the script came to (None: caller gone)."""
    outcomes: list[str | None] = []
    script: Callable[[Line], Awaitable[str | None]] = menu if "menu" in path.name else gone

    async def take_call(line: Line) -> None:
        try:
            outcomes.append(await script(line))
        except CallerGone:
            outcomes.append(None)

    port = free_port()
    server = AgiServer("127.0.0.1", port, WORD, take_call, Recordings(folder))
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    recorded, now = [], []
    for line in path.read_text().splitlines():
        if line.startswith("<"):
            writer.write(line[2:].encode() + b"\n")
        else:
            recorded.append(line[2:])
            said = await asyncio.wait_for(reader.readline(), 5)
            now.append(said.decode().strip().replace(str(folder), "/prompts"))
    writer.write_eof()
    await asyncio.wait_for(reader.read(), 5)  # until the script is over
    writer.close()
    await server.stop(1)
    return recorded, now, outcomes


@pytest.mark.usefixtures("alike")
@pytest.mark.parametrize("path", sorted(FOLDER.glob("agi/*.txt")), ids=lambda path: path.stem)
async def test_a_recorded_call_goes_as_it_went(path: Path, tmp_path: Path) -> None:
    recorded, now, outcomes = await replay(path, tmp_path)
    assert now == recorded
    assert outcomes == ["1" if "menu" in path.name else None]


# ---- AMI


class Manager:
    """What a wire needs of the library's manager: it keeps the events."""

    def __init__(self) -> None:
        self.events: list[dict[str, str]] = []

    def dispatch(self, message: Message) -> None:
        self.events.append(plain(message))


def wire() -> tuple[Wire, Manager]:
    wire, manager = Wire(lambda: None), Manager()
    wire.connection_made(asyncio.Transport())
    wire.factory, wire.encoding = manager, "utf8"
    return wire, manager


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_events_are_the_same_wherever_the_network_cuts_them(path: Path) -> None:
    session = path.read_bytes()
    whole, expected = wire()
    whole.data_received(session)
    assert len(expected.events) > 20
    assert "José 张三" in {event.get("CallerIDName") for event in expected.events}
    for size in (1, 2, 3, 5, 7, 1000):
        cut, manager = wire()
        for start in range(0, len(session), size):
            cut.data_received(session[start : start + size])
        assert manager.events == expected.events


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
async def test_a_recorded_list_is_read_and_what_is_no_part_of_it_is_an_event(path: Path) -> None:
    session = path.read_bytes()
    whole, manager = wire()
    announced = session[: session.index(b"Message: Channel status will follow")]
    _, _, rest = announced.rpartition(b"ActionID: ")
    action = Action({"Action": "Status", "ActionID": rest.decode().split("\r\n")[0]})
    whole.responses[action.id] = action
    whole.data_received(session)
    rows = action.future.result()
    assert [row.event for row in rows] == ["", "Status", "Status", "StatusComplete"]
    names = {event["Event"] for event in manager.events}
    assert {"Newchannel", "Hangup", "OriginateResponse"} <= names
    assert "Status" not in names


# ---- what may be sent


@given(st.text(st.characters() | st.sampled_from("\r\n\0:, "), max_size=1_100))
async def test_any_value_is_sent_as_exactly_one_header_or_refused(value: str) -> None:
    try:
        action = Action(checked({"Action": "UserEvent", "Text": value}))
    except AmiRefused as refused:
        too_long = len(value.encode(errors="replace")) > LONGEST_LINE - 10
        unwritable = any("\ud800" <= sign <= "\udfff" for sign in value)
        assert BREAKS.search(value) or too_long or unwritable
        assert value not in str(refused) or len(value) < 3
    else:
        sent = str(action).encode()
        lines = sent.replace(b"\r", b"\n").split(b"\n")
        headers = [line.split(b": ", 1) for line in lines if line]
        assert {key for key, _ in headers} == {b"Action", b"ActionID", b"Text"}
        assert len(headers) == 3 and sent.endswith(b"\r\n\r\n")
        assert dict(headers)[b"Text"].decode() == value


@given(st.text(max_size=30))
def test_any_name_of_a_header_is_a_plain_word_or_refused(name: str) -> None:
    try:
        sent = checked({"Action": "UserEvent", name: "x"})
    except AmiRefused:
        return
    assert set(sent) == {"Action", name}
    assert name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def test_too_many_headers_are_refused() -> None:
    with pytest.raises(AmiRefused):
        checked({"Action": "Originate", "Variable": ["A=1"] * 200})
