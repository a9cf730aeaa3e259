"""A flow as an SVG document: one file, without fonts, scripts or links to anything. Pure.

Shape and colour of a box say what kind of step it is; with counts, arrows are as thick as they were
often taken. Boxes of steps in a called flow are dotted. Colours follow the reader's light or dark
screen. Screen readers are told the same in words (`<desc>`).
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ivr.flow_layout import MARGIN, Layout, Link, Place, Route, Size, lay_out
from ivr.flow_look import COLOURS, look_of
from ivr.flow_sketch import Arrow, Box, Sketch, columns, in_lines, plain

LETTER, LINE, PADDING, SIDE = 7.3, 18.0, 12.0, 18.0
"""The width of a column, the height of a line, what is free above and beside a box's text."""
WIDE, LINES, LABEL_WIDE, LABEL_LINES = 30, 2, 22, 4
"""Columns and lines of what a step says, and of an arrow's outcomes."""
HEAD, TITLE = 62.0, 26.0
"""The height of the title with what stands below it; where its first line stands."""
THIN, THICK, POINT = 1.5, 9.0, 9.0
"""An arrow's width: at least, and at most; the length of its point."""
CORNER = 14.0
STYLE = """
text { font: 13px system-ui, "Noto Sans CJK SC", sans-serif; text-anchor: middle; }
.title { font-size: 18px; font-weight: 600; text-anchor: start; }
.left { text-anchor: start; }
.name { font-weight: 600; }
.label { font-size: 12px; paint-order: stroke; stroke-width: 5px; stroke-linejoin: round; }
.taken { font-weight: 600; font-variant-numeric: tabular-nums; }
.arrow { fill: none; }
.arrow.back { stroke-dasharray: 7 5; }
.never { opacity: 0.45; }
.box { stroke-width: 2; fill-opacity: 0.13; }
.ring { stroke-width: 1.2; fill: none; }
""".strip()
SCREEN = """
.paper { fill: %s; } .label { stroke: %s; } text { fill: %s; } .dim { fill: %s; }
.arrow { stroke: %s; } .point { fill: %s; } .arrow.back { stroke: %s; } .point.back { fill: %s; }
""".strip()
LIGHT = SCREEN % ("#ffffff", "#ffffff", "#1f2328", "#59636e", "#7d8590", "#7d8590", "#a05a00",
                  "#a05a00")  # fmt: skip
DARK = SCREEN % ("#0d1117", "#0d1117", "#f0f6fc", "#9198a1", "#848d97", "#848d97", "#d9a441",
                 "#d9a441")  # fmt: skip


def picture(flow: Sketch, about: str = "") -> str:
    """An SVG document; `about` is a line below its title: what the counts are of."""
    layout = laid_out(flow)
    notes = [f"No longer in the flow: {plain(step)}, {plain(outcome)}: {number:,}"
             for step, outcome, number in flow.no_longer]  # fmt: skip
    texts = [f"Flow {flow.name}", about, *notes]
    width = max(layout.size.width, *(MARGIN * 2 + columns(text) * LETTER for text in texts), 320)
    height = HEAD + layout.size.height + len(notes) * LINE + (MARGIN if notes else 0)
    bottom = HEAD + layout.size.height + LINE
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" role="img" aria-labelledby="title words">',
        f'<title id="title">{_safe(texts[0])}</title>',
        f'<desc id="words">{_safe(" ".join(_in_words(flow, about, notes)))}</desc>',
        f"<style>\n{STYLE}\n{LIGHT}\n@media (prefers-color-scheme: dark) {{\n{DARK}\n}}\n</style>",
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}" rx="8"/>',
        _text(MARGIN, TITLE, texts[0], "title"),
        *([_text(MARGIN, TITLE + LINE + 4, about, "left dim")] if about else []),
        f'<g transform="translate({(width - layout.size.width) / 2:.1f} {HEAD:.0f})">',
        *_drawn(flow, layout),
        "</g>",
        *(_text(MARGIN, bottom + n * LINE, note, "left dim") for n, note in enumerate(notes)),
        "</svg>\n",
    ])  # fmt: skip


def laid_out(flow: Sketch) -> Layout:
    """Everything in its place, with labels in the order of the flow's arrows."""
    sizes = {box.name: _size(box) for box in flow.boxes}
    links = [Link(arrow.source, arrow.target, _label_size(arrow)) for arrow in flow.arrows]
    return lay_out(flow.first, sizes, links)


def _lines(box: Box) -> list[tuple[str, str]]:
    """The lines of a box, each with its class."""
    about = plain(f"{box.kind}: {box.about}" if box.about else box.kind)
    lines = [(plain(box.name), "name"), (in_lines(about, WIDE, 1)[0], "dim")]
    lines += [(line, "") for line in in_lines(box.words, WIDE, LINES)]
    if box.came is not None:
        gone = f" · {box.hung_up:,} hung up" if box.hung_up else ""
        lines.append((f"{box.came:,} came{gone}", "taken"))
    return lines


def _size(box: Box) -> Size:
    lines = _lines(box)
    wide = max(columns(line) for line, _ in lines) * LETTER
    return Size(max(wide + 2 * (SIDE + CORNER), 120.0), len(lines) * LINE + 2 * PADDING)


def _label(arrow: Arrow) -> list[tuple[str, str]]:
    lines = in_lines(", ".join(map(plain, arrow.outcomes)), LABEL_WIDE, LABEL_LINES)
    found = [(line, "label") for line in lines]
    return found if arrow.taken is None else [*found, (f"{arrow.taken:,}", "label taken")]


def _label_size(arrow: Arrow) -> Size:
    lines = _label(arrow)
    return Size(max(columns(line) for line, _ in lines) * LETTER, len(lines) * (LINE - 2))


# ---------------------------------------------------------------- drawing


def _drawn(flow: Sketch, layout: Layout) -> Iterator[str]:
    most = max((arrow.taken or 0 for arrow in flow.arrows), default=0)
    first = layout.boxes[flow.first]
    yield f'<circle class="point" cx="{first.x:.1f}" cy="{MARGIN - 6:.1f}" r="7"/>'
    begin = ((first.x, MARGIN - 6), (first.x, first.top))
    yield _line(begin, THICK if most else THIN, "")
    yield _point(begin, "", THICK if most else THIN)
    for arrow, route in zip(flow.arrows, layout.routes, strict=True):
        width = THIN + (THICK - THIN) * (arrow.taken or 0) / most if most else THIN
        kind = (" back" if route.back else "") + (" never" if arrow.taken == 0 else "")
        yield _loop(route, width, kind) if route.loop else _line(route.points, width, kind)
        yield _point(route.points, kind, width)
    for box in flow.boxes:
        yield from _box(box, layout.boxes[box.name])
    for arrow, route in zip(flow.arrows, layout.routes, strict=True):
        yield from _lines_at(_label(arrow), route.label, LINE - 2)


def _line(points: tuple[tuple[float, float], ...], width: float, kind: str) -> str:
    """Straight in the first of two points, bent to the next two; it ends where the point begins."""
    (x, y), *rest = points
    path = [f"M{x:.1f} {y:.1f}"]
    before = points[-2][1]
    end = points[-1][1] + (POINT - 1 if before > points[-1][1] else 1 - POINT)
    rest[-1] = (points[-1][0], end)
    for number, (to, down) in enumerate(rest):
        if number % 2 == 0:
            path.append(f"V{down:.1f}")
        else:
            middle = (y + down) / 2
            path.append(f"C{x:.1f} {middle:.1f} {to:.1f} {middle:.1f} {to:.1f} {down:.1f}")
        x, y = to, down
    return f'<path class="arrow{kind}" stroke-width="{width:.1f}" d="{"".join(path)}"/>'


def _loop(route: Route, width: float, kind: str) -> str:
    (x, high), (out, _), _, (_, low) = route.points
    path = f"M{x:.1f} {high:.1f}C{out:.1f} {high:.1f} {out:.1f} {low:.1f} {x + POINT:.1f} {low:.1f}"
    return f'<path class="arrow{kind}" stroke-width="{width:.1f}" d="{path}"/>'


def _point(points: tuple[tuple[float, float], ...], kind: str, width: float) -> str:
    (_, before), (x, y) = points[-2:]
    half = max(5.5, width / 2 + 3)
    if before == y:
        sides = f"l{POINT} {half:.1f}v-{2 * half:.1f}z"
    else:
        sides = f"l{half:.1f} {POINT if before > y else -POINT}h-{2 * half:.1f}z"
    return f'<path class="point{kind}" d="M{x:.1f} {y:.1f}{sides}"/>'


def _box(box: Box, place: Place) -> Iterator[str]:
    look = look_of(box.kind)
    colour = f'fill="{COLOURS[look]}" stroke="{COLOURS[look]}"'
    shape = _outline(look, place, 0)
    colour += ' stroke-dasharray="2 3"' if box.inside else ""
    yield f'<path class="paper" d="{shape}"/><path class="box" {colour} d="{shape}"/>'
    if look in ("person", "ends"):
        yield f'<path class="ring" stroke="{COLOURS[look]}" d="{_outline(look, place, 4)}"/>'
    yield from _lines_at(_lines(box), place, LINE)


def _outline(look: str, place: Place, inside: float) -> str:
    """The outline of a box, so many pixels inside of it."""
    left, right = place.left + inside, place.right - inside
    top, bottom = place.top + inside, place.bottom - inside
    cut, middle, c = CORNER - inside / 2, place.y, CORNER
    corners = {
        "asks": [(left, middle), (left + c, top), (right - c, top), (right, middle),
                 (right - c, bottom), (left + c, bottom)],
        "decides": [(left, top + cut), (left + cut, top), (right - cut, top), (right, top + cut),
                    (right, bottom - cut), (right - cut, bottom), (left + cut, bottom),
                    (left, bottom - cut)],
        "does": [(left + c, top), (right, top), (right - c, bottom), (left, bottom)],
        "other": [(left, top), (right, top), (right, bottom), (left, bottom)],
    }  # fmt: skip
    if look in corners:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners[look]) + "Z"
    radius = {"person": (bottom - top) / 2, "ends": 3.0}.get(look, 9.0)
    radius = min(radius, 26.0)
    return (
        f"M{left + radius:.1f} {top:.1f}H{right - radius:.1f}a{radius} {radius} 0 0 1 {radius} "
        f"{radius}V{bottom - radius:.1f}a{radius} {radius} 0 0 1 -{radius} {radius}"
        f"H{left + radius:.1f}a{radius} {radius} 0 0 1 -{radius} -{radius}"
        f"V{top + radius:.1f}a{radius} {radius} 0 0 1 {radius} -{radius}Z"
    )


def _lines_at(lines: list[tuple[str, str]], place: Place, height: float) -> Iterator[str]:
    top = place.y - height * len(lines) / 2
    for number, (line, kind) in enumerate(lines):
        yield _text(place.x, top + height * (number + 0.72), line, kind)


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{marked}>{_safe(text)}</text>'


def _safe(text: str) -> str:
    return escape(plain(text))


# ---------------------------------------------------------------- in words


def _in_words(flow: Sketch, about: str, notes: list[str]) -> Iterator[str]:
    """The whole picture for those who hear it."""
    if about:
        yield f"{about}."
    yield f"Callers begin at {flow.first}."
    for box in flow.boxes:
        came = "" if box.came is None else f", {box.came} came, {box.hung_up} hung up"
        ways = [_way(arrow) for arrow in flow.arrows if arrow.source == box.name]
        kind = f"{box.kind}: {box.about}" if box.about else box.kind
        yield f"{box.name} ({kind}{came}): {'; '.join(ways) or 'the flow ends here'}."
    yield from (f"{note}." for note in notes)


def _way(arrow: Arrow) -> str:
    taken = "" if arrow.taken is None else f" ({arrow.taken})"
    return f"{', '.join(arrow.outcomes)} to {arrow.target}{taken}"
