"""A talk with somebody whom we called: their channel is not named as the contact is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from acd.model import ContactId, OfferId
from adapters.asterisk.agent_lines import AgentLines
from adapters.asterisk.resync import _caller
from adapters.asterisk.switchboard import Switchboard
from adapters.asterisk.talk_files import RecordedFiles
from adapters.asterisk.talks import AsteriskTalks
from ivr.ports import PhonesFailed
from ivr.recording_keeper import TalkPart
from ivr.talks import ListenerCall, Listening, TalkSeen
from tests.unit.test_switchboard import Prompts, ScriptedAmi
from tests.unit.test_talks_by_ami import ChannelsAmi

CONTACT, LINE = ContactId("ab12-1700000000.5-callback"), "out-7.3.1"
NAME = "Local/s@acd-way-0000000a;1"


def on_the_line() -> ChannelsAmi:
    """The half that dials comes first, and another customer is being called."""
    talk = {"CONTACT": CONTACT, "RECORDING": f"{CONTACT}.1", "BRIDGEPEER": "PJSIP/ann-1"}
    other = {"CONTACT": "call-1f"}
    return ChannelsAmi(
        {f"{LINE};2": {"CONTACT": CONTACT}, "out-7.2.1": other, LINE: talk, "PJSIP/ann-1": {}}
    )


async def test_the_recording_of_whom_we_called_is_not_over_while_they_talk(
    tmp_path: Path,
) -> None:
    ami, part = on_the_line(), TalkPart(CONTACT, 1)
    files = RecordedFiles(tmp_path, ami)  # type: ignore[arg-type]
    assert not await files.is_over(part), "it would be sealed and removed while it is written"
    ami.channels[LINE]["RECORDING"] = ""
    assert await files.is_over(part)
    del ami.channels[LINE]
    assert await files.is_over(part)


async def test_the_talk_is_seen_paused_resumed_and_stopped_on_their_channel() -> None:
    ami = on_the_line()
    talks = AsteriskTalks(ami)  # type: ignore[arg-type]
    assert await talks.look(CONTACT) == TalkSeen(f"{CONTACT}.1", False, True)
    await talks.pause(CONTACT)
    await talks.resume(CONTACT)
    await talks.stop(CONTACT)
    channels = {str(action["Channel"]) for action in ami.sent}
    assert channels == {LINE, "PJSIP/ann-1"}
    assert ("MixMonitorMute", LINE, "both", "1") in ami.told()


async def test_who_is_not_on_the_line_cannot_be_paused() -> None:
    with pytest.raises(PhonesFailed):
        await AsteriskTalks(ChannelsAmi()).pause(CONTACT)  # type: ignore[arg-type]


async def test_a_listener_looks_for_the_pause_on_their_channel() -> None:
    ami = on_the_line()
    call = ListenerCall("9-1", "boss", CONTACT, OfferId("7.3.1"), Listening.LISTEN)
    await AsteriskTalks(ami).ring(call)  # type: ignore[arg-type]
    assert f"TALK_OF={LINE}" in ami.sent[0]["Variable"]


async def test_a_talk_with_them_can_be_handed_on() -> None:
    """The switchboard knows their channel though they never were in the waiting loop."""
    ami = ScriptedAmi()
    switchboard = Switchboard(ami, Prompts(), AgentLines(Path("/t")))  # type: ignore[arg-type]
    switchboard.hear({
        "Event": "UserEvent", "UserEvent": "AcdConfirmed", "Contact": CONTACT, "Channel": NAME,
    })  # fmt: skip
    await switchboard.set_on(CONTACT, {"SENT_QUEUE": "sales"})
    assert [action["Channel"] for action in ami.sent] == [NAME]


@pytest.mark.parametrize(("half", "is_seen"), [("1", True), ("2", False)])
def test_a_new_look_at_all_channels_sees_the_half_on_which_they_are(
    half: str, is_seen: bool
) -> None:
    row: Mapping[str, str] = {
        "Uniqueid": LINE if half == "1" else f"{LINE};2", "Channel": NAME[:-1] + half,
        "Variable": f"CONTACT={CONTACT}\nQENTER=1000",
    }  # fmt: skip
    seen = _caller(row)
    assert (seen is not None) is is_seen
