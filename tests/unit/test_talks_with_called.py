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
from tests.unit.test_switchboard import ScriptedAmi
from tests.unit.test_talks_by_ami import DROPPED, KEYS, NOTHING, ChannelsAmi

CONTACT, LINE = ContactId("ab12-1700000000.5-callback"), "out-7.3.1"
TRUNK = "PJSIP/trunk.line-0000000b"
NAME = "Local/s@acd-way-0000000a;1"


def on_the_line() -> ChannelsAmi:
    """The half that dials comes first, and another customer is being called."""
    talk = {"CONTACT": CONTACT, "RECORDING": f"{CONTACT}.1", "BRIDGEPEER": "PJSIP/ann-1"}
    other = {"CONTACT": "call-1f"}
    far = {"CONTACT": CONTACT, "BRIDGEPEER": TRUNK}
    channels = {f"{LINE};2": far, "out-7.2.1": other, LINE: talk}
    return ChannelsAmi({**channels, "PJSIP/ann-1": {}, TRUNK: {}})


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
    assert channels == {LINE, f"{LINE};2", TRUNK, "PJSIP/ann-1"}
    assert ("MixMonitorMute", LINE, "both", "1") in ami.told()


async def test_a_pause_reaches_the_telephone_that_we_have_called() -> None:
    """Their channel is one half of a Local channel: the keys come in behind the other."""
    ami = on_the_line()
    talks = AsteriskTalks(ami)  # type: ignore[arg-type]
    await talks.pause(CONTACT)
    assert ami.channels[TRUNK][DROPPED] == KEYS
    await talks.resume(CONTACT)
    assert ami.channels[TRUNK][DROPPED] == NOTHING


async def test_keys_of_whom_we_called_count_again_after_a_pause_that_ended_with_the_talk() -> None:
    """The dialplan has taken the mark away, and its own drop; it reaches no other channel."""
    ami = on_the_line()
    talks = AsteriskTalks(ami)  # type: ignore[arg-type]
    await talks.pause(CONTACT)
    await talks.pause_ended(CONTACT)
    assert ami.channels[TRUNK][DROPPED] == KEYS, "paused anew in the meantime"
    ami.channels[LINE] |= {"SHARED(PAUSED)": "", "BRIDGEPEER": ""}
    await talks.pause_ended(CONTACT)
    assert ami.channels[TRUNK][DROPPED] == NOTHING


async def test_the_end_of_a_pause_disturbs_nobody_who_is_gone() -> None:
    await AsteriskTalks(ChannelsAmi()).pause_ended(CONTACT)  # type: ignore[arg-type]


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("mark", ["SHARED(TALKED)", "SHARED(ASIDE)"])
async def test_a_pause_reaches_an_agent_whose_telephone_is_a_number_outside(
    held: bool, mark: str
) -> None:
    ami, way = on_the_line(), "Local/s@acd-agent-way-0000000c"
    ami.channels[LINE] |= {mark: "7.3.2", "BRIDGEPEER": "" if held else f"{way};1"}
    behind = {"BRIDGEPEER": "PJSIP/trunk.line-0000000d"}
    ami.channels |= {
        "acd-7.3.2": {}, "way-7.3.2;2": behind, f"{way};1": {}, f"{way};2": behind,
        "PJSIP/trunk.line-0000000d": {},
    }  # fmt: skip
    await AsteriskTalks(ami).pause(CONTACT)  # type: ignore[arg-type]
    assert ami.channels["PJSIP/trunk.line-0000000d"][DROPPED] == KEYS


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
    switchboard = Switchboard(ami, AgentLines(Path("/t")))  # type: ignore[arg-type]
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
