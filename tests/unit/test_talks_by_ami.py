"""Pausing, resuming, stopping and listening as AMI actions; the files in which talks lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from acd.model import ContactId, OfferId
from adapters.asterisk import site_values
from adapters.asterisk.ami import AmiAway, AmiRefused
from adapters.asterisk.facts import CelRow, from_cel
from adapters.asterisk.talk_files import RecordedFiles
from adapters.asterisk.talks import AsteriskTalks
from ivr.faults import BadSettings
from ivr.ports import Note, PhonesFailed
from ivr.recording_keeper import TalkPart, TalkSound
from ivr.settings import Settings, load
from ivr.talks import ListenerCall, Listening, TalkSeen

CALL = ContactId("ab12cd34-1700000000.5")
Action = Mapping[str, str | Sequence[str]]


@dataclass
class ChannelsAmi:
    """An AMI with channels and their variables; `fails` has what an action raises, `nameless` how
    often a channel is not found before it is."""

    channels: dict[str, dict[str, str]] = field(default_factory=dict)
    fails: dict[str, Exception] = field(default_factory=dict)
    sent: list[Action] = field(default_factory=list)
    nameless: dict[str, int] = field(default_factory=dict)

    async def send(self, action: Action, deadline: float = 2.0) -> Mapping[str, str]:
        name = str(action["Action"])
        if name in self.fails:
            raise self.fails[name]
        channel = str(action.get("Channel", ""))
        if name != "Originate":
            self._find(channel)
        if name == "Getvar":
            return {"Value": self.channels[channel].get(str(action["Variable"]), "")}
        if name == "Setvar":
            self.channels[channel][str(action["Variable"])] = str(action["Value"])
        self.sent.append(action)
        return {}

    def _find(self, channel: str) -> None:
        left = self.nameless.get(channel, 0)
        self.nameless[channel] = left - 1
        if channel not in self.channels or left > 0:
            raise AmiRefused("No such channel")

    async def ask_list(self, action: Action, deadline: float = 5.0) -> list[Mapping[str, str]]:
        wanted = str(action["Variables"]).split(",")
        return [
            {
                "Event": "Status", "Uniqueid": name, "Channel": of.get("CHANNEL(name)", ""),
                "ChannelStateDesc": of.get("CHANNEL(state)", ""),
                "Variable": "\n".join(f"{asked}={of.get(asked, '')}" for asked in wanted),
            }
            for name, of in self.channels.items()
        ]  # fmt: skip

    def told(self) -> list[tuple[str, ...]]:
        """What was sent: the action, then its values."""
        return [tuple(str(value) for value in action.values()) for action in self.sent]


def bridged(**variables: str) -> ChannelsAmi:
    """A caller who talks with agent a1, and is recorded."""
    known = {"RECORDING": f"{CALL}.1", "BRIDGEPEER": "PJSIP/a1-00000002", **variables}
    return ChannelsAmi({CALL: known, known["BRIDGEPEER"]: {}})


KEYS, NOTHING, DROPPED = "DTMF_BEGIN,DTMF_END", "HTML", "FRAME_DROP(RX)"


async def test_a_pause_shuts_the_door_then_mutes_speech_then_ends_listeners_then_keys() -> None:
    ami = bridged()
    here, other = {"LISTENS_TO": str(CALL)}, {"LISTENS_TO": f"{CALL}9"}
    ami.channels |= {f"listen-{CALL}-9-1": here, f"listen-{CALL}9-9-2": other, "acd-1.1.1": {}}
    ami.channels |= {"acd-1.1.l9-3": here, "acd-1.2.l9-4": other, "acd-1.1.l9-5": {}}
    await AsteriskTalks(ami).pause(CALL)  # type: ignore[arg-type]
    assert ami.told() == [
        ("Setvar", CALL, "SHARED(PAUSED)", "1"),
        ("MixMonitorMute", CALL, "both", "1"),
        ("Hangup", f"listen-{CALL}-9-1", "16"),
        ("Hangup", "acd-1.1.l9-3", "16"),
        ("Setvar", CALL, DROPPED, KEYS),
        ("Setvar", "PJSIP/a1-00000002", DROPPED, KEYS),
        ("Setvar", CALL, "SHARED(PAUSED)", "whole"),
    ]


async def test_the_leg_of_an_agent_who_holds_the_caller_is_paused_and_resumed_too() -> None:
    ami = bridged(BRIDGEPEER="", **{"SHARED(TALKED)": "1.2.3"})
    ami.channels["acd-1.2.3"] = {"CHANNEL(state)": "Up"}
    talks = AsteriskTalks(ami)  # type: ignore[arg-type]
    await talks.pause(CALL)
    assert ami.channels["acd-1.2.3"][DROPPED] == KEYS
    await talks.resume(CALL)
    assert ami.channels["acd-1.2.3"][DROPPED] == NOTHING


@pytest.mark.parametrize("given", [False, True])
async def test_who_was_asked_first_is_paused_and_resumed_wherever_they_are(given: bool) -> None:
    near, far = "Local/dest@acd-second-far-1;1", "Local/dest@acd-second-far-1;2"
    peer = near if given else "PJSIP/a1-00000002"
    ami = bridged(
        BRIDGEPEER=peer,
        **{"SHARED(ASIDE)": "1.2.4~PJSIP/b2-00000004", "SHARED(FAR)": "" if given else far},
    )
    ami.channels |= {name: {} for name in ("PJSIP/b2-00000004", "PJSIP/reception-00000005", near)}
    ami.channels[far] = {"BRIDGEPEER": "PJSIP/reception-00000005"}
    talks = AsteriskTalks(ami)  # type: ignore[arg-type]
    for deed, dropped in ((talks.pause, KEYS), (talks.resume, NOTHING)):
        await deed(CALL)
        for channel in ("PJSIP/b2-00000004", "PJSIP/reception-00000005", peer):
            assert ami.channels[channel][DROPPED] == dropped, channel


async def test_a_talk_that_is_not_recorded_can_be_paused_for_its_keys() -> None:
    ami = bridged(RECORDING="")
    await AsteriskTalks(ami).pause(CALL)  # type: ignore[arg-type]
    assert "MixMonitorMute" not in [action["Action"] for action in ami.sent]


@pytest.mark.parametrize("action", ["Setvar", "MixMonitorMute"])
@pytest.mark.parametrize("fault", [AmiRefused("no"), AmiAway("gone")])
async def test_what_asterisk_refuses_is_not_called_paused(action: str, fault: Exception) -> None:
    ami = bridged()
    ami.fails[action] = fault
    with pytest.raises(PhonesFailed):
        await AsteriskTalks(ami).pause(CALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("mark", ["1", "whole"])
async def test_who_pauses_again_has_the_whole_work_done_again(mark: str) -> None:
    ami = bridged(**{"SHARED(PAUSED)": mark})
    await AsteriskTalks(ami).pause(CALL)  # type: ignore[arg-type]
    assert ami.told()[0] == ("MixMonitorMute", CALL, "both", "1")
    assert ami.channels[CALL]["SHARED(PAUSED)"] == "whole"


async def test_how_a_talk_stands_is_read_from_the_callers_channel() -> None:
    for mark, whole in (("1", False), ("whole", True)):
        talks = AsteriskTalks(bridged(**{"SHARED(PAUSED)": mark}))  # type: ignore[arg-type]
        assert await talks.look(CALL) == TalkSeen(f"{CALL}.1", True, True, whole)
        assert await talks.look(ContactId("gone")) is None


async def test_a_supervisor_is_rung_for_one_leg_by_its_unique_id() -> None:
    ami = bridged()
    for how in Listening:
        call = ListenerCall("9-1", "boss", CALL, OfferId("1.2.3"), how)
        await AsteriskTalks(ami).ring(call)  # type: ignore[arg-type]
    assert [action["Variable"][0] for action in ami.sent] == ["SPIED=acd-1.2.3"] * 3
    assert [action["Variable"][2] for action in ami.sent] == ["HOW=", "HOW=w", "HOW=B"]
    assert {action["ChannelId"] for action in ami.sent} == {f"listen-{CALL}-9-1"}
    assert [action["Variable"][3] for action in ami.sent] == [f"LISTENS_TO={CALL}"] * 3
    assert not any("CONTACT=" in str(action["Variable"]) for action in ami.sent), (
        "a look at all channels would take the leg for a caller"
    )


async def test_who_may_take_over_has_an_agents_leg_from_the_start() -> None:
    ami = bridged(**{"CHANNEL(name)": "PJSIP/trunk-00000001"})
    call = ListenerCall(
        "9-1", "boss", CALL, OfferId("1.2.3"), Listening.LISTEN, OfferId("1.2.l9-1")
    )
    await AsteriskTalks(ami).ring(call)  # type: ignore[arg-type]
    [action] = ami.sent
    assert action["ChannelId"] == "acd-1.2.l9-1"
    assert set(action["Variable"]) >= {
        "CALLER=PJSIP/trunk-00000001", "OFFER=1.2.l9-1", "OF=1.2.3", "AGENT=boss",
    }  # fmt: skip


async def test_only_a_telephone_that_listens_to_this_talk_takes_it_over() -> None:
    ami = bridged()
    talks = AsteriskTalks(ami)  # type: ignore[arg-type]

    def leg(phone: str, to: str, state: str = "Up") -> dict[str, str]:
        return {"LISTENS_TO": to, "CHANNEL(name)": f"PJSIP/{phone}-1", "CHANNEL(state)": state}

    ami.channels |= {
        "acd-1.2.l1-1": leg("boss", "other"), "acd-1.2.l1-2": leg("bosses", CALL),
        "acd-1.2.l1-3": leg("boss", CALL, "Ringing"), f"listen-{CALL}-4": leg("boss", CALL),
        "acd-1.2.4": leg("boss", CALL), "acd-1.2.3": {},
    }  # fmt: skip
    assert await talks.listener(CALL, "boss") is None
    ami.channels["acd-1.2.l1-5"] = leg("boss", CALL)
    assert await talks.listener(CALL, "boss") == "1.2.l1-5"
    assert ami.sent == []
    await talks.take_over(CALL, OfferId("1.2.3"), OfferId("1.2.l1-5"))
    assert ami.told() == [
        ("Setvar", CALL, "SHARED(TAKER)", "1.2.l1-5"),
        ("Redirect", "acd-1.2.3", "acd-desk", "yield", "1"),
    ]


# ---------------------------------------------------------------- files


async def test_files_are_parts_and_a_part_is_over_when_its_channel_says_so(tmp_path: Path) -> None:
    for name in (f"{CALL}.1-in", f"{CALL}.1-out", f"{CALL}.2-in", "take-1", "../x"):
        (tmp_path / f"{name.replace('/', '_')}.sln").write_bytes(name.encode())
    ami = bridged(RECORDING=f"{CALL}.2")
    files = RecordedFiles(tmp_path, ami)  # type: ignore[arg-type]
    one, two = await files.parts()
    assert (one, two) == (TalkPart(CALL, 1), TalkPart(CALL, 2))
    assert await files.is_over(one) and not await files.is_over(two)
    assert await files.read(two) == TalkSound(f"{CALL}.2-in".encode(), b"")
    await files.remove(one)
    await files.remove(one)
    assert await files.parts() == [two]
    ami.channels.clear()
    assert await files.is_over(two)
    ami.fails["Getvar"] = AmiAway("no link")
    with pytest.raises(PhonesFailed):
        await files.is_over(two)


# ---------------------------------------------------------------- settings and rows


def settings(root: Path, site: str) -> Settings:
    (root / "data").mkdir()
    (root / "data" / "site.yaml").write_text(site)
    (root / "data" / "centre.yaml").write_text("queues: {support: {}, sales: {}}")
    return load({"HOTLINE_HOME": str(root / "home"), "HOTLINE_DATA": str(root / "data")})


def test_each_queue_is_recorded_as_the_site_file_says_and_off_is_off(tmp_path: Path) -> None:
    site = "recording: {queues: {sales: off}, others: ask, when_full: refuse}"
    lines = site_values.values_of(settings(tmp_path, site))["RECORDING_OF_QUEUES"].splitlines()
    assert lines == [
        "RECORD_OTHERS=ask", "RECORD_WHEN_FULL=refuse",
        "RECORDED_support=ask", "RECORDED_sales=off",
    ]  # fmt: skip


def test_nothing_is_recorded_and_nobody_listens_unless_told(tmp_path: Path) -> None:
    given = settings(tmp_path, "{}")
    assert given.site.listeners == {}
    assert {given.site.recording.policy(queue) for queue in given.centre.queues} == {"off"}


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ("recording: {queues: {sale: ask}}", "recording.queues.sale: there is no queue 'sale'"),
        ("recording: {others: maybe}", "recording.others"),
        ("recording: {least_free_mb: 1}", "recording.least_free_mb"),
        ("listeners: [bos]\nphones: {boss: {}}", "there is no phone 'bos'; did you mean 'boss'?"),
        ("listeners: {boss: {may: [shout]}}\nphones: {boss: {}}", "listeners.boss.may"),
        ("listeners: {boss: {may: [take_over]}}\nphones: {boss: {}}", "only an agent can have"),
        ("listeners: {boss: {queues: [sale]}}\nphones: {boss: {}}", "there is no queue 'sale'"),
        ("listeners: {boss: {agents: [bob]}}\nphones: {boss: {}}", "there is no agent 'bob'"),
        (
            "listeners: {boss: {teams: [hous]}}\nphones: {boss: {}}",
            "there is no team 'hous'; did you mean 'house'?",
        ),
    ],
)
def test_a_wrong_entry_is_named_with_its_place(tmp_path: Path, site: str, said: str) -> None:
    with pytest.raises(BadSettings) as bad:
        settings(tmp_path, site)
    assert said in "\n".join(bad.value.faults)


@pytest.mark.parametrize(
    ("kind", "extra", "told", "data"),
    [
        ("ACD_RECORD", "2|ask|yes", "RecordingBegan",
         {"part": 2, "policy": "ask", "consent": "yes"}),
        ("ACD_NO_RECORD", "no consent", "NotRecorded", {"why": "no consent"}),
        ("ACD_PAUSE_END", "", "RecordingResumed", {"who": "hotline", "why": "the talk is over"}),
    ],
)  # fmt: skip
def test_a_row_of_the_event_log_is_told(
    kind: str, extra: str, told: str, data: Mapping[str, object]
) -> None:
    row = CelRow(1, kind, CALL, f'{{"extra":"{CALL}|{extra}"}}')
    assert from_cel(row) == [Note(CALL, told, data)]


def test_the_answer_of_the_caller_is_put_on_the_call_and_nothing_else_is_an_answer() -> None:
    from adapters.asterisk.line import consent_of

    assert [consent_of({"consent": word}) for word in ("yes", "no", "told")] == [
        {"CONSENT": "yes"}, {"CONSENT": "no"}, {"CONSENT": "told"},
    ]  # fmt: skip
    assert consent_of({"consent": "YES"}) == consent_of({}) == {}


def test_the_recorder_is_started_in_one_place_and_never_overwrites() -> None:
    path = Path(__file__).parents[2] / "asterisk-config"
    dialplan = (path / "extensions.conf").read_text(encoding="utf-8")
    begun = [line for line in dialplan.splitlines() if "MixMonitor(," in line]
    assert len(begun) == 1 and ",MixMonitor(,ab" in begun[0], "appends; only while in a bridge"
    prompts = yaml.safe_load((path / "prompts.yaml").read_text(encoding="utf-8"))
    assert set(prompts["recorded"]) == {"zh", "en"}
