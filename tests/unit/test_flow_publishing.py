"""Publishing and going back: refused before anything is written, or done whole and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ivr import settings
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.flow_publishing import Publisher, Result
from ivr.flow_versions import FlowVersions, Version
from ivr.flows_in_force import changed_drafts, load_in_force, versions_in_force
from ivr.frozen_flow import digest_of
from ivr.load import house_of, load, load_for
from ivr.ports import CoreAway, CoreRefused, CoreStopped, StoreFailed
from ivr.settings import Settings
from tests.fakes_calls import FLOWS, StandingClock
from tests.fakes_stores import MemoryAudit

MENU = """
first: menu
steps:
  menu:
    do: menu
    say: {{zh: 请按键。, en: Press a key.}}
    then: {{"3": {0}, silence: person, no_match: person}}
  person: {{do: queue, queue: support}}
  {0}: {{do: queue}}
"""
SALES, BILLING, VIP = (MENU.format(step) for step in ("sales", "billing", "vip"))
BAD = MENU.format("sales").replace("silence: person", "silence: persn")


@dataclass
class Asked:
    """A running core that does as asked, until it is told otherwise."""

    questions: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    faults: dict[str, Exception] = field(default_factory=dict)

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        self.questions.append((what, fields))
        if what in self.faults:
            raise self.faults[what]
        return {}

    @property
    def asked(self) -> list[str]:
        return [what for what, _ in self.questions]


@dataclass
class Desk:
    """Who publishes, and everything around."""

    settings: Settings
    core: Asked = field(default_factory=Asked)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    spoken: list[Flow] = field(default_factory=list)
    cannot_be_spoken: Sequence[str] = ()

    @property
    def versions(self) -> FlowVersions:
        return FlowVersions(self.settings.data)

    @property
    def publisher(self) -> Publisher:
        clock = StandingClock(100.0)
        return Publisher(
            self.settings, self.versions, self.core, self.audit, clock, self.make_prompts
        )

    async def make_prompts(self, flow: Flow) -> Sequence[str]:
        assert "flow announce" not in self.core.asked, "too late"
        self.spoken.append(flow)
        return self.cannot_be_spoken

    def draft(self, text: str, name: str = "main") -> None:
        file = self.settings.data / "flows" / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")

    async def publish(self, text: str) -> Result:
        self.draft(text)
        self.core.questions.clear()
        return await self.publisher.publish("main", "ann", "because")

    async def roll_back(self, to: int | None = None) -> Result:
        self.core.questions.clear()
        return await self.publisher.roll_back("main", to, "bob", "it was no good")

    def texts(self) -> list[str]:
        history = self.versions.history("main")
        return [self.versions.frozen(version).text for version in history]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "flows").mkdir()
    return Desk(settings.load({"HOTLINE_DATA": str(tmp_path), "HOTLINE_HOME": str(tmp_path)}))


# ---------------------------------------------------------------- publish


async def test_a_draft_becomes_a_version_and_the_core_goes_by_it(desk: Desk) -> None:
    await desk.publish(SALES)
    result = await desk.publish(BILLING)
    version = result.version
    assert (version.name, version.who, version.why, version.at) == ("main/2", "ann", "because", 100)
    assert version.digest == digest_of(BILLING) and desk.texts() == [SALES, BILLING]
    assert desk.core.questions == [
        ("flow announce", {"flow": "main", "who": "ann", "why": "because", "to": None}),
        ("flow take", {"flow": "main"}),
    ]
    assert result == Result(version, is_new=True) and desk.audit.entries == []


async def test_the_difference_to_the_version_before_is_written_down(desk: Desk) -> None:
    assert (await desk.publish(SALES)).version.difference == ()
    assert (await desk.publish(BILLING)).version.difference == ("step sales is now called billing",)
    other = VIP.replace('"3": vip', '"3": person, "4": vip')
    assert set((await desk.publish(other)).version.difference) == {
        "menu: key 3 now goes to person (was billing)",
        "menu: key 4 is new and goes to vip",
        "step billing is now called vip",
    }


@pytest.mark.parametrize("file", sorted((FLOWS / "bad").glob("*.yaml")), ids=lambda file: file.stem)
async def test_what_check_refuses_is_not_published(desk: Desk, file: Path) -> None:
    with pytest.raises(BadFlow) as refusal:
        await desk.publish(file.read_text(encoding="utf-8"))
    assert refusal.value.faults
    assert desk.versions.flows() == [] and desk.core.asked == [] and desk.spoken == []


async def test_a_flow_that_there_is_not_is_no_flow(desk: Desk) -> None:
    for name, why in (("mian", "did you mean 'main'"), ("../main", "a flow's name is")):
        with pytest.raises(BadFlow, match=why):
            await desk.publisher.publish(name, "ann", "because")


async def test_a_flow_whose_prompts_cannot_be_made_is_not_published(desk: Desk) -> None:
    desk.cannot_be_spoken = ["en 'Press a key.': no voice"]
    with pytest.raises(BadFlow, match="no voice"):
        await desk.publish(SALES)
    assert desk.versions.flows() == [] and desk.core.asked == []


async def test_the_same_again_writes_nothing_but_tells_the_core(desk: Desk) -> None:
    await desk.publish(SALES)
    result = await desk.publish(SALES)
    assert (result.version.number, result.is_new) == (1, False)
    assert desk.core.asked == ["flow take"] and len(desk.texts()) == 1


async def test_another_remark_is_another_version_that_is_no_different(desk: Desk) -> None:
    await desk.publish(SALES)
    result = await desk.publish(f"# reviewed\n{SALES}")
    assert (result.version.number, result.version.difference) == (2, ())


# ---------------------------------------------------------------- the core


async def test_without_a_core_a_version_is_written_and_audited_all_the_same(desk: Desk) -> None:
    stopped = CoreStopped("the core is not running")
    desk.core.faults = {"flow announce": stopped, "flow take": stopped}
    result = await desk.publish(SALES)
    assert result == Result(result.version, is_new=True, core_runs=False)
    assert desk.texts() == [SALES]
    [entry] = desk.audit.entries
    assert (entry.who, entry.action, entry.subject) == ("ann", "flow publish", "main")


@pytest.mark.parametrize("fault", [CoreRefused("no queue vip"), CoreAway("not in time")])
async def test_what_the_core_would_not_take_is_not_written(desk: Desk, fault: Exception) -> None:
    desk.core.faults = {"flow announce": fault}
    with pytest.raises(type(fault)):
        await desk.publish(SALES)
    assert desk.versions.flows() == []


async def test_nothing_is_written_that_could_not_be_audited(desk: Desk) -> None:
    class Full(MemoryAudit):
        async def write(self, entry: object) -> None:
            raise StoreFailed("the disk is full")

    desk.core.faults = {"flow announce": CoreStopped("the core is not running")}
    desk.audit = Full()
    with pytest.raises(StoreFailed):
        await desk.publish(SALES)
    assert desk.versions.flows() == []


@pytest.mark.parametrize("fault", [CoreRefused("no queue vip"), CoreAway("not in time")])
async def test_who_publishes_is_told_that_the_core_did_not_take_it(
    desk: Desk, fault: Exception
) -> None:
    desk.core.faults = {"flow take": fault}
    result = await desk.publish(SALES)
    assert result.not_taken == str(fault) and result.core_runs


# ---------------------------------------------------------------- roll back


async def test_going_back_is_a_new_version_and_removes_nothing(desk: Desk) -> None:
    for text in (SALES, BILLING):
        await desk.publish(text)
    result = await desk.roll_back()
    version = result.version
    assert desk.texts() == [SALES, BILLING, SALES]
    assert (version.number, version.back_to, version.who) == (3, 1, "bob")
    assert version.difference == ("step billing is now called sales",)
    assert desk.core.questions[0] == (
        "flow announce",
        {"flow": "main", "who": "bob", "why": "it was no good", "to": 1},
    )
    assert (desk.settings.data / "flows" / "main.yaml").read_text(encoding="utf-8") == BILLING


async def test_who_goes_back_again_goes_back_further_not_to_and_fro(desk: Desk) -> None:
    for text in (SALES, BILLING, VIP):
        await desk.publish(text)
    assert [(await desk.roll_back()).version.back_to for _ in range(2)] == [2, 1]
    with pytest.raises(BadFlow, match="no version before"):
        await desk.roll_back()
    assert desk.texts()[-2:] == [BILLING, SALES]


async def test_any_version_can_be_gone_back_to(desk: Desk) -> None:
    for text in (SALES, BILLING, VIP):
        await desk.publish(text)
    assert (await desk.roll_back(to=1)).version.back_to == 1
    assert (await desk.roll_back(to=3)).version.back_to == 3
    with pytest.raises(BadFlow, match="no version 9: its versions are 1, 2, 3, 4, 5"):
        await desk.roll_back(to=9)


async def test_going_back_to_what_is_in_force_writes_nothing(desk: Desk) -> None:
    await desk.publish(SALES)
    result = await desk.roll_back(to=1)
    assert not result.is_new and desk.core.asked == ["flow take"]


async def test_a_flow_that_was_never_published_has_nothing_to_go_back_to(desk: Desk) -> None:
    with pytest.raises(BadFlow, match="never published"):
        await desk.roll_back()


async def test_a_version_that_does_not_fit_the_house_any_more_is_refused(desk: Desk) -> None:
    for text in (SALES, BILLING):
        await desk.publish(text)
    (desk.settings.data / "centre.yaml").write_text("queues: [help]\n")
    site = "numbers: {'4000': {queue: help}}\n"
    (desk.settings.data / "site.yaml").write_text(site)
    desk.settings = settings.load({"HOTLINE_DATA": str(desk.settings.data)})
    with pytest.raises(BadFlow, match=r"0001/main\.yaml:8: .*there is no queue 'support'"):
        await desk.roll_back()
    result = await desk.publish(VIP.replace("queue: support", "queue: help"))
    [line] = result.version.difference
    assert line.startswith("version 2 cannot be compared")


# ---------------------------------------------------------------- flows that are called

CALLS = """
first: greet
steps:
  greet: {do: flow, flow: greet, then: person}
  person: {do: queue}
"""
GREET = """
first: hello
steps:
  hello: {{do: say, say: {{zh: 您好。, en: {}.}}, then: back}}
  back: {{do: return}}
"""


async def test_a_version_has_the_flows_that_it_calls_as_they_were(desk: Desk) -> None:
    desk.draft(GREET.format("Hello"), "greet")
    first = (await desk.publish(CALLS)).version
    assert list(changed_drafts(desk.settings)) == []
    desk.draft(GREET.format("Welcome"), "greet")
    assert list(changed_drafts(desk.settings)) == ["main"]
    assert said(desk, first) == "Hello."
    second = (await desk.publish(CALLS)).version
    assert second.difference == ("greet/hello says in English: Welcome. (was: Hello.)",)
    assert (said(desk, first), said(desk, second)) == ("Hello.", "Welcome.")
    assert list(changed_drafts(desk.settings)) == []


async def test_going_back_brings_the_called_flows_back_too(desk: Desk) -> None:
    for words in ("Hello", "Welcome"):
        desk.draft(GREET.format(words), "greet")
        await desk.publish(CALLS)
    result = await desk.roll_back()
    assert (result.version.name, result.version.back_to) == ("main/3", 1)
    assert said(desk, result.version) == "Hello." == spoken_in(desk.spoken[-1])
    assert result.version.difference == ("greet/hello says in English: Hello. (was: Welcome.)",)


async def test_a_called_flow_that_was_changed_in_its_version_is_refused(desk: Desk) -> None:
    desk.draft(GREET.format("Hello"), "greet")
    version = (await desk.publish(CALLS)).version
    file = desk.versions.file(version).parent / "greet.yaml"
    file.chmod(0o644)
    file.write_text(GREET.format("Boo"), encoding="utf-8")
    with pytest.raises(BadFlow, match="was changed after it was published"):
        desk.versions.file(version)


async def test_what_is_wrong_with_a_called_flow_keeps_its_callers_from_being_published(
    desk: Desk,
) -> None:
    desk.draft(GREET.format("Hello").replace("then: back", "then: bock"), "greet")
    with pytest.raises(BadFlow, match=r"greet\.yaml:4: steps\.hello\.then\.done"):
        await desk.publish(CALLS)
    assert desk.versions.flows() == []


async def test_a_flow_that_is_only_called_is_published_with_its_callers_alone(desk: Desk) -> None:
    desk.draft(GREET.format("Hello"), "greet")
    with pytest.raises(BadFlow, match="called by other flows and takes no calls itself"):
        await desk.publisher.publish("greet", "ann", "because")


async def test_a_broken_draft_of_a_called_flow_stops_nobody_who_goes_by_a_version(
    desk: Desk,
) -> None:
    desk.draft(GREET.format("Hello"), "greet")
    await desk.publish(CALLS)
    for broken in ("first: [", GREET.format("Hello").replace("then: back", "then: bock")):
        desk.draft(broken, "greet")
        assert spoken_in(load_in_force(desk.settings)["main"]) == "Hello."


async def test_an_unpublished_flow_changes_with_those_that_it_calls(desk: Desk) -> None:
    desk.draft(CALLS)
    versions = set()
    for words in ("Hello", "Welcome", "Hello"):
        desk.draft(GREET.format(words), "greet")
        flows = load_in_force(desk.settings)
        assert "greet" not in flows and spoken_in(flows["main"]) == f"{words}."
        digest = versions_in_force(desk.settings)["main"]
        assert flows["main"].version == f"main/file-{digest}"
        versions.add(digest)
    assert len(versions) == 2 and "greet" not in versions_in_force(desk.settings)


def test_no_number_leads_to_a_flow_that_is_only_called(desk: Desk) -> None:
    desk.draft(GREET.format("Hello"), "greet")
    entry = desk.settings.site.numbers["4000"].model_copy(update={"flow": "greet"})
    site = desk.settings.site.model_copy(update={"numbers": {"4000": entry}})
    for read in (load_for, load_in_force):
        with pytest.raises(BadFlow, match=r"numbers\.4000\.flow: .* takes no calls"):
            read(replace(desk.settings, site=site))


def said(desk: Desk, version: Version) -> str:
    return spoken_in(load(desk.versions.file(version), house_of(desk.settings)))


def spoken_in(flow: Flow) -> str:
    return next(prompt.text for prompt in flow.prompts() if prompt.language == "en")
