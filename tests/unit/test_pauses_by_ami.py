"""A pause holds though channels go meanwhile, and is called one only when it is."""

from __future__ import annotations

import pytest

from adapters.asterisk.ami import AmiAway, AmiRefused
from adapters.asterisk.talks import AsteriskTalks
from ivr.ports import PhonesFailed
from tests.unit.test_talks_by_ami import CALL, DROPPED, KEYS, NOTHING, Action, ChannelsAmi, bridged

PEER, PAUSED = "PJSIP/a1-00000002", "SHARED(PAUSED)"
MUTED = ("MixMonitorMute", CALL, "both", "1")


def talks_of(ami: ChannelsAmi) -> AsteriskTalks:
    return AsteriskTalks(ami)  # type: ignore[arg-type]


async def test_whoever_is_gone_meanwhile_keeps_no_talk_from_being_paused_and_resumed() -> None:
    gone = {"SHARED(ASIDE)": "1.2.4~PJSIP/b2-00000004", "SHARED(FAR)": "Local/x;2"}
    ami = bridged(**gone)
    del ami.channels[PEER]
    await talks_of(ami).pause(CALL)
    assert MUTED in ami.told() and ami.channels[CALL][PAUSED] == "whole"
    await talks_of(ami).resume(CALL)
    assert ami.channels[CALL][PAUSED] == ""


async def test_a_channel_that_is_on_its_way_into_a_bridge_is_paused_all_the_same() -> None:
    ami = bridged()
    ami.nameless[PEER] = 1
    await talks_of(ami).pause(CALL)
    assert ami.channels[PEER][DROPPED] == KEYS


class StubbornAmi(ChannelsAmi):
    """Refuses to change this channel, which is there."""

    stubborn = PEER

    async def send(self, action: Action, deadline: float = 2.0) -> dict[str, str]:
        if action["Action"] == "Setvar" and action["Channel"] == self.stubborn:
            raise AmiRefused("Permission denied")
        return dict(await super().send(action, deadline))


@pytest.mark.parametrize("stubborn", [PEER, CALL])
async def test_a_channel_that_goes_on_taking_keys_is_not_called_paused(stubborn: str) -> None:
    ami = StubbornAmi(bridged().channels)
    ami.stubborn = stubborn
    with pytest.raises(PhonesFailed):
        await talks_of(ami).pause(CALL)
    assert ami.channels[CALL].get(PAUSED) != "whole"


async def test_speech_is_silent_already_when_the_rest_of_a_pause_fails() -> None:
    ami = StubbornAmi(bridged().channels)
    with pytest.raises(PhonesFailed):
        await talks_of(ami).pause(CALL)
    assert ami.told()[:2] == [("Setvar", CALL, PAUSED, "1"), MUTED]


async def test_a_pause_that_held_is_whole_until_somebody_begins_to_end_it() -> None:
    ami = bridged(**{PAUSED: "whole"})
    ami.fails["MixMonitorMute"] = AmiAway("gone")
    with pytest.raises(PhonesFailed):
        await talks_of(ami).pause(CALL)
    assert ami.channels[CALL][PAUSED] == "whole"
    with pytest.raises(PhonesFailed):
        await talks_of(ami).resume(CALL)
    assert ami.channels[CALL][PAUSED] == "1", "speech may be recorded again"


async def test_a_resume_that_failed_leaves_the_mark_for_another() -> None:
    ami = StubbornAmi(bridged(**{PAUSED: "whole"}).channels)
    with pytest.raises(PhonesFailed):
        await talks_of(ami).resume(CALL)
    assert ami.channels[CALL][PAUSED] == "1"
    ami.stubborn = ""
    await talks_of(ami).resume(CALL)
    assert ami.channels[PEER][DROPPED] == NOTHING and ami.channels[CALL][PAUSED] == ""


class JoinedAmi(ChannelsAmi):
    """While a resume is at work another leg comes to the caller, and finds them paused."""

    async def send(self, action: Action, deadline: float = 2.0) -> dict[str, str]:
        told = dict(await super().send(action, deadline))
        if (action.get("Channel"), action.get("Value")) == (PEER, NOTHING) and LATE not in str(
            self.channels
        ):
            self.channels[f"acd-{LATE}"] = {DROPPED: KEYS}
            self.channels[CALL]["SHARED(TALKED)"] = LATE
        return told


LATE = "1.2.9"


async def test_a_leg_that_comes_while_a_talk_is_resumed_is_not_left_deaf_to_keys() -> None:
    ami = JoinedAmi(bridged(**{PAUSED: "whole"}).channels)
    await talks_of(ami).resume(CALL)
    assert ami.channels[f"acd-{LATE}"][DROPPED] == NOTHING
    assert ami.channels[CALL][PAUSED] == ""


class EndingAmi(ChannelsAmi):
    """While a pause is at work the talk ends: the dialplan takes the mark and its own drop away."""

    async def send(self, action: Action, deadline: float = 2.0) -> dict[str, str]:
        told = dict(await super().send(action, deadline))
        if (action.get("Channel"), action.get("Value")) == (PEER, KEYS):
            self.channels[CALL] |= {PAUSED: "", "RECORDING": "", DROPPED: NOTHING}
            del self.channels[PEER]
        return told


async def test_a_talk_that_ends_while_it_is_paused_leaves_no_pause_to_the_next() -> None:
    ami = EndingAmi(bridged().channels)
    with pytest.raises(PhonesFailed, match="over"):
        await talks_of(ami).pause(CALL)
    assert (ami.channels[CALL][PAUSED], ami.channels[CALL][DROPPED]) == ("", NOTHING)


async def test_a_resume_that_comes_too_late_leaves_no_mark_when_it_fails() -> None:
    ami = StubbornAmi(bridged(**{PAUSED: ""}).channels)
    with pytest.raises(PhonesFailed):
        await talks_of(ami).resume(CALL)
    assert ami.channels[CALL][PAUSED] == ""
