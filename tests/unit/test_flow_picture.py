"""Pictures of flows: legible by geometry, safe whatever a prompt says, and true to the flow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow import KINDS
from ivr.flow_layout import Layout, Place, Route, Size
from ivr.flow_look import look_of
from ivr.flow_mermaid import escaped, mermaid
from ivr.flow_picture import laid_out, picture
from ivr.flow_sketch import GONE, Arrow, Box, Sketch, columns, in_lines, plain, sketch
from ivr.graph import reachable
from ivr.load import OWN_FLOWS, load
from tests.documents import ROOT
from tests.fakes_calls import FLOWS, HOUSE

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = ROOT / "docs" / "flow-main.svg"
MAIN = load(OWN_FLOWS / "main.yaml", HOUSE)
TOUCH = 0.01
"""Pixels by which rounding may let two things meet."""
HOSTILE = [
    "<script>alert(1)</script> & \"quotes\" 'single'",
    "]]> --> <![CDATA[ &lt; &amp; %%{init}%%",
    "bell\x07 null\x00 escape\x1b[31m tab\t\nline\u2028paragraph\ufffe\udc80",
    "word" * 200,
    "👩‍👩‍👧 🇨🇳 👍🏽 " * 9,
    "مرحبا بكم في مركز الخدمة \u202eright to left\u202c \u2066x\u2069 שלום",
    '"]; click s_a "javascript:alert(1)"; end #quot; `code` | } ) ---',
    "您好，欢迎致电本公司的客户服务热线，请您在听到提示音之后按照语音提示进行操作。",
]


def one_step(words: str, name: str = "a") -> Sketch:
    return Sketch("x", name, (Box(name, "say", words, words, 5, 1),), (), ((words, words, 3),))


# ---------------------------------------------------------------- geometry


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    names = [f"step_{number}" for number in range(draw(st.integers(1, 9)))]
    counted = draw(st.booleans())
    arrows: list[Arrow] = []
    for name in names:
        for target in draw(st.sets(st.sampled_from(names), max_size=5)):
            outcomes = draw(st.lists(st.sampled_from(["1", "2", "silence", "no_match", "too_many"]),
                                     min_size=1, max_size=5, unique=True))  # fmt: skip
            each = tuple(draw(st.integers(0, 10**7)) for _ in outcomes) if counted else None
            arrows.append(Arrow(name, target, tuple(outcomes), each))
    ways = {name: {str(n): a.target for n, a in enumerate(arrows) if a.source == name}
            for name in names}  # fmt: skip
    kept = reachable(names[0], ways)
    kinds = st.sampled_from([*KINDS, "new"])
    words = st.sampled_from(["", "Hello.", *HOSTILE])
    boxes = tuple(
        Box(name, draw(kinds), draw(words), draw(words), 10**6 if counted else None)
        for name in names
        if name in kept
    )
    inside = tuple(arrow for arrow in arrows if arrow.source in kept)
    return Sketch("random", names[0], boxes, inside)


def meet(one: Place, other: Place) -> bool:
    return (
        min(one.right, other.right) - max(one.left, other.left) > TOUCH
        and min(one.bottom, other.bottom) - max(one.top, other.top) > TOUCH
    )


def along(route: Route) -> Iterator[Place]:
    """Points along an arrow as it is drawn: straight in pairs, bent between them."""
    whole = (route.points[0], route.points[-1])
    bends = [whole] if route.loop else list(pairwise(route.points))
    for number, ((x, y), (to, down)) in enumerate(bends):
        out = route.points[1][0] if route.loop else None
        for part in range(21):
            t = part / 20
            near, far = (1 - t) ** 2 * (1 + 2 * t), t * t * (3 - 2 * t)
            middle = 3 * t * (1 - t)
            if out is not None:
                at = ((1 - middle) * x + middle * out, near * y + far * down)
            elif number % 2 == 0:
                at = (x + t * (to - x), y + t * (down - y))
            else:
                at = (near * x + far * to, (1 - t) ** 3 * y + middle * (y + down) / 2 + t**3 * down)
            yield Place(*at, Size(1.0, 1.0))


def check(layout: Layout, flow: Sketch) -> None:
    labels = [route.label for route in layout.routes]
    things = [*layout.boxes.values(), *labels]
    for one, other in combinations(things, 2):
        assert not meet(one, other)
    for thing in things:
        assert thing.left >= 0 and thing.right <= layout.size.width
        assert thing.top >= 0 and thing.bottom <= layout.size.height
    for arrow, route in zip(flow.arrows, layout.routes, strict=True):
        own = {arrow.source, arrow.target}
        boxes = [place for name, place in layout.boxes.items() if name not in own]
        for point in list(along(route))[1:-1]:
            assert not any(meet(point, box) for box in boxes)
            assert not any(meet(point, label) for label in labels)


@given(sketches())
@settings(max_examples=80, deadline=None)
def test_no_label_no_box_and_no_arrow_covers_another(flow: Sketch) -> None:
    check(laid_out(flow), flow)


@given(sketches())
@settings(max_examples=40, deadline=None)
def test_an_arrow_leads_down_from_its_box_or_is_marked_as_leading_back(flow: Sketch) -> None:
    layout = laid_out(flow)
    for arrow, route in zip(flow.arrows, layout.routes, strict=True):
        source, target = layout.boxes[arrow.source], layout.boxes[arrow.target]
        assert route.back == (target.y <= source.y)
        end = route.points[-1]
        if route.loop:
            assert arrow.source == arrow.target and end[0] == target.right
        else:
            assert end[1] == pytest.approx(target.bottom if route.back else target.top)
            assert target.left < end[0] < target.right
            assert source.left < route.points[0][0] < source.right


def test_what_covers_another_is_noticed() -> None:
    flow = sketch(MAIN)
    layout = laid_out(flow)
    moved = dict.fromkeys(layout.boxes, layout.boxes["menu"])
    with pytest.raises(AssertionError):
        check(Layout(moved, layout.routes, layout.size), flow)


# ---------------------------------------------------------------- what others wrote


@pytest.mark.parametrize("words", HOSTILE)
def test_no_prompt_breaks_the_picture_or_gets_out_of_its_text(words: str) -> None:
    document = picture(one_step(words), words)
    root = ElementTree.fromstring(document.encode("utf-8"))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "text", "g", "path", "circle"}
    assert not any(key.startswith("on") or "href" in key for e in root.iter() for key in e.attrib)
    assert "url(" not in document and "@import" not in document
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\ufffe]", document)


@pytest.mark.parametrize("words", HOSTILE)
def test_no_prompt_is_taken_for_mermaid(words: str) -> None:
    lines = mermaid(one_step(words)).splitlines()
    [step] = [line for line in lines if line.startswith("    s_a")]
    inside = step.removeprefix('    s_a["').removesuffix('"]')
    assert step == f'    s_a["{inside}"]'
    assert not re.search(r"""["<>`|{}\[\];&]""", re.sub(r"#\d+;|<br/>", "", inside))
    assert all(line.startswith("    ") for line in lines[1:])


def test_a_step_that_is_called_like_a_word_of_mermaid_is_a_step() -> None:
    assert '    s_end["end<br/>' in mermaid(one_step("x", "end"))
    assert escaped("a<b> #1;") == "a#60;b#62; #35;1#59;"


@given(st.text(max_size=80), st.integers(3, 30), st.integers(1, 3))
def test_a_text_never_takes_more_room_than_it_has(text: str, wide: int, most: int) -> None:
    lines = in_lines(plain(text), wide, most)
    assert len(lines) <= most
    assert all(columns(line) <= wide for line in lines)


def test_no_line_begins_with_a_comma_and_words_stay_whole() -> None:
    assert in_lines("您好，欢迎致电。", 4, 9) == ["您", "好，", "欢迎", "致", "电。"]
    assert in_lines("For sales, press one.", 12, 2) == ["For sales,", "press one."]
    assert in_lines("one two three", 8, 1) == ["one two…"]


# ---------------------------------------------------------------- true to the flow

COUNTS = {("welcome", "1"): 3, ("welcome", "silence"): 1, ("welcome", "no_match"): 1,
          ("menu", GONE): 2, ("menu", "0"): 4, ("person", "waiting"): 4,
          ("menu", "7"): 5, ("old", "done"): 6}  # fmt: skip


def test_every_arrow_stands_once_with_all_of_its_outcomes() -> None:
    arrows = {(a.source, a.target): a.outcomes for a in sketch(MAIN).arrows}
    assert arrows["welcome", "hours"] == ("silence", "no_match")
    assert sum(map(len, arrows.values())) == sum(len(s.then) for s in MAIN.steps.values())


def test_counts_stand_on_arrows_and_boxes_and_what_is_gone_is_told_apart() -> None:
    drawn = sketch(MAIN, COUNTS)
    taken = {(a.source, a.target): a.taken for a in drawn.arrows}
    assert (taken["welcome", "chinese"], taken["welcome", "hours"]) == (3, 2)
    assert (taken["menu", "person"], taken["hours", "menu"]) == (4, 0)
    boxes = {box.name: (box.came, box.hung_up) for box in drawn.boxes}
    assert (boxes["menu"], boxes["person"], boxes["about"]) == ((11, 2), (4, 0), (0, 0))
    assert drawn.no_longer == (("menu", "7", 5), ("old", "done", 6))


def test_the_picture_says_the_counts_to_eyes_and_ears() -> None:
    root = ElementTree.fromstring(picture(sketch(MAIN, COUNTS), "9 calls").encode())
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"9 calls", "11 came · 2 hung up", "No longer in the flow: old, done: 6"} <= set(texts)
    words = root.findtext(f"{SVG}desc") or ""
    assert "menu (menu: at most 3, 11 came, 2 hung up)" in words
    assert "silence, no_match to hours (2)" in words
    assert "person (queue, 4 came, 0 hung up): the flow ends here" in words
    assert root.attrib["role"] == "img" and root.findtext(f"{SVG}title") == "Flow main"


def test_an_arrow_is_as_thick_as_it_was_often_taken() -> None:
    counts = {("welcome", "1"): 100, ("welcome", "2"): 50}
    document = picture(sketch(MAIN, counts))
    widths = [float(w) for w in re.findall(r'class="arrow[^"]*" stroke-width="([\d.]+)"', document)]
    _, most, half, none, *_ = widths
    assert (most, half, none) == (9.0, 5.2, 1.5)


def test_without_counts_nothing_looks_counted() -> None:
    document = picture(sketch(MAIN))
    assert " came" not in document and "never" not in document.split("</style>")[1]
    assert "linkStyle" not in mermaid(sketch(MAIN))


def test_mermaid_has_every_step_and_arrow_with_its_count() -> None:
    text = mermaid(sketch(MAIN, COUNTS))
    assert all(f"\n    s_{name}" in text for name in MAIN.steps)
    assert '    s_welcome -->|"silence, no_match<br/>2"| s_hours' in text
    assert "    %% no longer in the flow: old, done: 6" in text


def test_each_kind_of_step_has_a_look_of_its_own_or_shares_that_of_its_purpose() -> None:
    looks = {kind: look_of(kind) for kind in ("say", "menu", "set", "hours", "queue", "goodbye")}
    assert len(set(looks.values())) == 6
    assert look_of("something of the house") == "other"


def test_the_flow_that_is_shipped_is_drawn_in_the_documents() -> None:
    assert DRAWN.read_text(encoding="utf-8") == picture(sketch(MAIN)), (
        "draw it anew: ./hotline flow show main --svg docs/flow-main.svg"
    )


@pytest.mark.parametrize("file", sorted((FLOWS / "good").glob("*.yaml")), ids=lambda f: f.stem)
def test_every_good_flow_can_be_drawn(file: Path) -> None:
    flow = sketch(load(file, HOUSE))
    check(laid_out(flow), flow)
