"""Figures of replayed traces: what is counted, and that picture and table say the same."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from acd.config import Centre, Class, Member, Queue
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId, Seconds
from acd.simulation import Result, Simulation, Traced
from acd.summary import Group, Summary, summary
from adapters.cli.replay_report import Run, percent, plain, print_runs, seconds
from adapters.cli.wait_picture import picture

Q, AGENT = QueueId("q"), AgentId("1")
RULES = Centre(
    {Q: Queue(Q, wrap_up_seconds=10, service_level_seconds=20)},
    {AGENT: Member(AGENT, {Q: 0.0}), AgentId("2"): Member(AgentId("2"))},
    {"standard": Class(), "vip": Class(credit=90)},
    version="v1",
)


def call(at: Seconds, patience: Seconds | None = None, class_: str = "", **skills: int) -> Traced:
    return Traced(ContactId(str(at)), at, Q, 10, patience, class_=class_, skills=skills)


def day() -> list[Traced]:
    """Waits 0, 19, 18 (left), 37, and one who is never served."""
    return [call(10), call(11), call(12, 18), call(13, class_="vip"), call(14, cards=1)]


def replayed(rules: Centre) -> list[Result]:
    return Simulation(Engine(rules)).run(day())


def run(name: str, rules: Centre) -> Run:
    return Run(name, f"{name}.yaml", rules, summary(replayed(rules), rules))


def found() -> Summary:
    return summary(replayed(replace(RULES, classes={})), RULES)


def test_contacts_are_counted_by_what_became_of_them() -> None:
    counts = plain(run("A", replace(RULES, classes={})))["total"]
    assert [counts[key] for key in ("offered", "served", "abandoned", "overflowed", "waiting")] == [
        5, 3, 1, 0, 1,
    ]  # fmt: skip


def test_waits_are_those_of_all_who_were_answered_or_left() -> None:
    total = found().total
    assert total.waits == [0, 18, 19, 37]
    assert (total.mean_wait, total.wait(0.5), total.wait(0.95), total.wait(0.25)) == (
        18.5,
        18,
        37,
        0,
    )


def test_the_service_level_counts_everybody() -> None:
    assert found().total.service_level == 2 / 5


def test_an_answer_at_the_last_moment_is_in_time() -> None:
    at_the_limit = Queue(Q, wrap_up_seconds=10, service_level_seconds=19)
    rules = replace(RULES, queues={Q: at_the_limit}, classes={})
    assert summary(replayed(rules), rules).total.service_level == 2 / 5


def test_where_nobody_came_nothing_can_be_promised() -> None:
    assert not Group({}, 0, (), ()).can_be_promised(10.0)


def test_where_nothing_ends_nobody_was_busy_and_no_wait_is_known() -> None:
    found = summary(Simulation(Engine(RULES)).run([call(14, cards=1)]), RULES)
    assert (found.total.waits, found.total.mean_wait, found.occupancy) == ([], None, 0.0)


def test_a_promise_is_kept_by_answers_and_broken_by_waits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    promising = Queue(Q, wrap_up_seconds=10, promise_seconds=18.5)
    one = run("A", replace(RULES, queues={Q: promising}))
    told = plain(one)["queues"][Q]
    assert (told["answered_within_promise"], told["waited_longer"]) == (0.4, 0.4)
    print_runs([one])
    said = "A.yaml: q: 40.0 % were answered within the promised 18.5 s, 40.0 % waited longer"
    assert said in capsys.readouterr().out


def vips(answered: int, late: int) -> Run:
    """So many of a class are answered at once, and so many after a minute."""
    promising = Queue(Q, wrap_up_seconds=0, promise_seconds=20)
    rules = replace(RULES, queues={Q: promising}, agents={AGENT: RULES.agents[AGENT]})
    at_once = [replace(call(100.0 * n, class_="vip"), handle=1) for n in range(answered)]
    busy = [replace(call(50_000.0), handle=60)] if late else []
    waiting = [replace(call(50_000.5 + n, class_="vip"), handle=0.01) for n in range(late)]
    results = Simulation(Engine(rules)).run([*at_once, *busy, *waiting])
    return Run("A", "a.yaml", rules, summary(results, rules))


@pytest.mark.parametrize(("answered", "late", "reachable"), [(18, 2, True), (17, 2, False)])
def test_a_promise_is_reachable_for_a_class_of_which_nine_in_ten_are_answered_within_it(
    answered: int, late: int, reachable: bool
) -> None:
    told = plain(vips(answered, late))["queues"][Q]["promise_by_class"]
    assert told["vip"]["offered"] == answered + late
    assert told["vip"]["reachable"] is reachable and [*told] == ["vip"], "no word of no class"


def test_what_cannot_be_promised_is_said_with_the_way_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_runs([vips(1, 3), vips(10, 0)])
    said = capsys.readouterr().out
    assert (
        "a.yaml: q, class vip: 25.0 % of 4 within 20 s: the promise is not reachable under these "
        "rules (90 % are asked for): more `reserve` or `credit`, or more agents" in said
    )
    assert "a.yaml: q, class vip: 100.0 % of 10 within 20 s: the promise is reachable" in said


@pytest.mark.parametrize("n", range(1, 200))
def test_of_so_many_waits_the_smallest_is_taken_that_enough_do_not_exceed(n: int) -> None:
    group = Group({}, 0, range(1, n + 1), ())
    for percent_ in (25, 50, 75, 95):
        wait = group.wait(percent_ / 100)
        assert wait is not None and 100 * wait >= percent_ * n > 100 * (wait - 1)


def test_classes_and_queues_are_groups_of_their_own() -> None:
    assert {name: group.offered for name, group in found().classes.items()} == {"": 4, "vip": 1}
    assert {name: group.offered for name, group in found().queues.items()} == {"q": 5}


def test_agents_are_busy_with_talk_and_wrap_up() -> None:
    agents = found().agents
    assert (agents[AGENT].contacts, agents[AGENT].seconds, agents[AGENT].occupancy) == (3, 60, 1)
    assert (agents[AgentId("2")].contacts, found().occupancy) == (0, 0.5)


def test_who_has_two_chats_at_once_is_not_busy_twice() -> None:
    chats = [replace(call(at), channel="chat") for at in (10, 15)]
    found = summary(Simulation(Engine(RULES)).run(chats), RULES).agents[AGENT]
    assert (found.contacts, found.seconds, found.occupancy) == (2, 25, 1)


def test_a_chat_within_another_adds_nothing_to_the_work() -> None:
    chats = [replace(call(at), channel="chat", handle=long) for at, long in ((10, 90), (20, 5))]
    found = summary(Simulation(Engine(RULES)).run(chats), RULES).agents[AGENT]
    assert (found.contacts, found.seconds, found.occupancy) == (2, 100, 1)


def test_an_empty_trace_has_no_figures() -> None:
    nothing = plain(Run("A", "a.yaml", RULES, summary([], RULES)))
    assert nothing["total"] == {
        "offered": 0, "served": 0, "abandoned": 0, "overflowed": 0, "waiting": 0,
        "service_level": None, "mean_wait": None, "median_wait": None, "p95_wait": None,
        "occupancy": 0,
    }  # fmt: skip


# ---------------------------------------------------------------- two runs


def both() -> list[Run]:
    faster = replace(RULES, queues={Q: Queue(Q, wrap_up_seconds=0)})
    return [run("A", RULES), run("B", faster)]


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_shows_the_numbers_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    shown = texts(picture(both()))
    print_runs(both())
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    for number, name in enumerate(("A", "B")):
        group = both()[number].summary.total
        numbers = [seconds(group.mean_wait), seconds(group.wait(0.5)), seconds(group.wait(0.95))]
        level = percent(group.service_level)
        place = [n for n, text in enumerate(shown) if text == name][1]  # the first is the legend
        assert shown[place + 1 : place + 5] == [*numbers, level]
        [row] = [row for row in rows if row[:-10] in (["all", name], [name]) and row[-10] == "5"]
        assert row[-5:-1] == [level, *numbers]


def test_the_picture_is_for_light_and_dark_screens() -> None:
    light, dark = picture(both()).split("@media (prefers-color-scheme: dark)")
    assert "#ffffff" in light and "#0d1117" in dark


def test_names_of_files_and_classes_cannot_break_the_picture() -> None:
    named = [replace(one, rules=f"<{one.name}>&.yaml") for one in both()]
    assert {"<A>&.yaml", "<B>&.yaml", "(no class)", "vip"} <= set(texts(picture(named)))


def test_a_picture_of_nothing_is_still_one() -> None:
    nothing = [Run(name, "a.yaml", RULES, summary([], RULES)) for name in "AB"]
    assert "all" in texts(picture(nothing))


def test_a_longer_wait_lies_further_to_the_right() -> None:
    dots = [
        float(node.attrib["cx"])
        for node in ET.fromstring(picture(both())).iter("{http://www.w3.org/2000/svg}circle")
    ]
    means = [
        group.mean_wait
        for pair in zip(
            *([r.summary.total, *r.summary.classes.values()] for r in both()), strict=True
        )
        for group in pair
    ]
    assert sorted(range(len(dots)), key=dots.__getitem__) == sorted(
        range(len(dots)), key=lambda n: means[n] or 0.0
    )
