"""The waits of two runs side by side, drawn as SVG: by class, with the numbers of the table.

Of each run a line up to the wait that 95 of 100 do not exceed, a bar for the middle half, a stroke
for the median and a dot for the mean. Colours follow the reader's light or dark screen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from acd.model import Seconds
from acd.summary import Group
from adapters.cli.replay_report import ALL, NO_CLASS, WAITS, Run, percent, seconds

WIDTH, LEFT, RIGHT = 940, 150, 520
"""Of the picture; where the scale begins, and where it ends."""
TOP, LANE, GAP, FOOT = 96, 22, 14, 44
LETTER, LONGEST_NAME = 7.5, 100
"""The width of a letter, and how much of names fits without more room."""
STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
MOST_STEPS = 6

STYLE = """
text { font: 13px system-ui, "Noto Sans CJK SC", sans-serif; stroke: none; }
.title { font-size: 17px; font-weight: 600; }
.number { text-anchor: end; font-variant-numeric: tabular-nums; }
.tick { text-anchor: middle; }
.name { font-weight: 600; }
.line { fill: none; stroke-width: 2; }
.bar { fill-opacity: 0.4; stroke: none; }
.median { stroke-width: 3; }
.mean { stroke-width: 1.5; }
""".strip()
COLOURS = """
.back { fill: %s; } .mean { stroke: %s; }
text { fill: %s; } .dim { fill: %s; } .grid { stroke: %s; }
.a, text.a { fill: %s; } .b, text.b { fill: %s; }
g.a { stroke: %s; } g.b { stroke: %s; }
""".strip()


def _colours(back: str, text: str, dim: str, grid: str, a: str, b: str) -> str:
    return COLOURS % (back, back, text, dim, grid, a, b, a, b)


LIGHT = _colours("#ffffff", "#1f2328", "#59636e", "#d1d9e0", "#0969da", "#bc4c00")
DARK = _colours("#0d1117", "#f0f6fc", "#9198a1", "#3d444d", "#58a6ff", "#f0883e")
NUMBERS = (("mean s", 610), ("median s", 690), ("95 % s", 770), ("service level %", 900))
"""What is written beside the lanes, and where."""


def picture(runs: Sequence[Run]) -> str:
    """An SVG document for two runs over one trace."""
    found = _pairs(runs)
    step = _step(max((group.wait(0.95) or 0.0 for _, pair in found for group in pair), default=0))
    bottom = TOP + len(found) * (len(runs) * LANE + GAP)
    more = max(0.0, max(len(name) for name, _ in found) * LETTER - LONGEST_NAME)
    width, height = WIDTH + more, bottom + FOOT
    parts = [*_scale(step, bottom), *(_text(x, 76, name, "number dim") for name, x in NUMBERS)]
    for number, (_, pair) in enumerate(found):
        for lane, (run, group) in enumerate(zip(runs, pair, strict=True)):
            y = _top(number) + (lane + 0.5) * LANE
            parts += _lane(y, "ab"[lane], run.name, group, step)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img"'
        ' aria-label="Waits by class under two sets of rules">',
        f"<style>\n{STYLE}\n{LIGHT}\n@media (prefers-color-scheme: dark) {{\n{DARK}\n}}\n</style>",
        f'<rect class="back" width="{width:.0f}" height="{height}" rx="8"/>',
        *_head(runs),
        *(_text(16, _top(n) + LANE + 5, name) for n, (name, _) in enumerate(found)),
        f'<g transform="translate({more:.0f} 0)">',
        *parts,
        "</g>\n</svg>\n",
    ])  # fmt: skip


def _pairs(runs: Sequence[Run]) -> list[tuple[str, list[Group]]]:
    """All contacts and each class, of both runs."""
    found = [(ALL, [run.summary.total for run in runs])]
    for name in runs[0].summary.classes:
        found.append((name or NO_CLASS, [run.summary.classes[name] for run in runs]))
    return found


def _top(number: int) -> float:
    return TOP + number * (2 * LANE + GAP)


def _head(runs: Sequence[Run]) -> Iterator[str]:
    yield _text(16, 30, "Waits by class", "title")
    x, files = 16.0, [Path(run.rules).name for run in runs]
    for mark, run, file in zip("ab", runs, files, strict=True):
        shown = run.rules if files[0] == files[1] else file
        yield _text(x, 54, run.name, f"name {mark}")
        yield _text(x + 18, 54, shown)
        x += 40 + LETTER * len(shown)
    yield _text(16, 76, "dot: mean, stroke: median, bar: middle half, line: all but 5 %", "dim")


def _scale(step: int, bottom: float) -> Iterator[str]:
    for number in range(MOST_STEPS + 1):
        x = _x(number * step, step)
        yield f'<path class="grid" d="M{x:.1f} {TOP - 6}V{bottom}"/>'
        yield _text(x, bottom + 20, _length(number * step), "tick")


def _lane(y: float, mark: str, name: str, group: Group, step: int) -> Iterator[str]:
    yield _text(LEFT - 26, y + 5, name, f"name {mark}")
    yield f'<g class="{mark}">'
    mean, waits = group.mean_wait, [group.wait(share) for share in (0.25, 0.5, 0.75, 0.95)]
    if mean is not None:
        low, median, high, most = (_x(wait or 0.0, step) for wait in waits)
        yield f'<path class="line" d="M{LEFT} {y}H{most:.1f}M{most:.1f} {y - 5}v10"/>'
        yield f'<rect class="bar" x="{low:.1f}" y="{y - 6}" width="{high - low:.1f}" height="12"/>'
        yield f'<path class="median" d="M{median:.1f} {y - 7}v14"/>'
        yield f'<circle class="mean" cx="{_x(mean, step):.1f}" cy="{y}" r="4.5"/>'
    yield "</g>"
    texts = [seconds(mean), *(seconds(group.wait(share)) for share in WAITS.values())]
    for (_, right), text in zip(NUMBERS, [*texts, percent(group.service_level)], strict=True):
        yield _text(right, y + 5, text, "number")


def _x(wait: Seconds, step: int) -> float:
    share = min(wait / (MOST_STEPS * step), 1.0)
    return LEFT + share * (RIGHT - LEFT)


def _step(longest: Seconds) -> int:
    """Between two marks of the scale, so that few of them reach the longest wait."""
    whole = (step for step in STEPS if step * MOST_STEPS >= longest)
    return next(whole, STEPS[-1])


def _length(wait: Seconds) -> str:
    for unit, length in ("h", 3600), ("min", 60):
        if wait >= 2 * length or (wait == length):
            return f"{wait / length:g} {unit}"
    return f"{wait:g} s"


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{marked}>{escape(text)}</text>'
