"""A recording of the demo as a moving SVG: pictures of a terminal, one after the other, forever.

Nothing in it loads anything from elsewhere; a browser that does not move SVGs shows the last one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from html import escape

from rich.console import Console, Group, RenderableType
from rich.terminal_theme import MONOKAI

from adapters.cli.demo_words import Words
from adapters.cli.stage_view import stage_view
from adapters.cli.timeline import LiveEvent, Scene, moment

COLUMNS, ROWS = 84, 24
EVERY_SECONDS = 2.0
"""A picture of the stage for so many seconds of the demo."""
SHOWN_SECONDS = 1.0
LAST_SHOWN_SECONDS = 8.0

FRAME = """<g class="frame" style="animation-delay:@DELAY@s;animation-name:@NAME@">
<style>{styles}</style>{backgrounds}<g clip-path="url(#window)">{matrix}</g></g>
"""
DOCUMENT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
 aria-label="{title}">
<style>
.text {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace;
 font-size: 20px; white-space: pre; }}
.frame {{ visibility: hidden; animation-duration: {total:.2f}s;
 animation-iteration-count: infinite; animation-timing-function: step-end; }}
.frame:last-of-type {{ visibility: visible; }}
@keyframes shown {{ 0% {{ visibility: visible; }} {share:.3f}% {{ visibility: hidden; }} }}
@keyframes last {{ 0% {{ visibility: visible; }} {last_share:.3f}% {{ visibility: hidden; }} }}
</style>
<clipPath id="window"><rect width="{width}" height="{height}"/></clipPath>
<rect width="{width}" height="{height}" rx="8" fill="#0c0c0c"/>
<g class="text" transform="translate(12 12)">
{frames}</g>
</svg>
"""
CHARACTER_WIDTH, LINE_HEIGHT, MARGIN = 12.2, 24.4, 24


def pictures(
    events: Sequence[LiveEvent], words: Words, wrap_up: float, expected: int, agents: Sequence[str]
) -> Iterator[RenderableType]:
    """The stage as it was every few seconds, by the demo's own events."""
    scene = Scene(words, wrap_up)
    due = 0.0
    for event in events:
        now = moment(event)
        while due and now >= due:
            yield stage_view(scene, expected, agents, due)
            due += EVERY_SECONDS
        scene.take(event)
        due = due or now + EVERY_SECONDS
    yield stage_view(scene, expected, agents, due)


def animated(frames: Sequence[RenderableType], title: str) -> str:
    """The frames as one moving SVG; the last one stays longest."""
    total = SHOWN_SECONDS * (len(frames) - 1) + LAST_SHOWN_SECONDS
    drawn = [
        _fragment(frame, f"f{n}")
        .replace("@DELAY@", f"{n * SHOWN_SECONDS - total:.2f}")
        .replace("@NAME@", "last" if n == len(frames) - 1 else "shown")
        for n, frame in enumerate(frames)
    ]
    return DOCUMENT.format(
        width=round(COLUMNS * CHARACTER_WIDTH + MARGIN),
        height=round(ROWS * LINE_HEIGHT + MARGIN),
        title=escape(title, quote=True),
        total=total,
        share=100 * SHOWN_SECONDS / total,
        last_share=100 * LAST_SHOWN_SECONDS / total,
        frames="".join(drawn),
    )


def _fragment(frame: RenderableType, name: str) -> str:
    """One picture as a part of an SVG, with `@DELAY@` and `@NAME@` left open."""
    console = Console(
        record=True, width=COLUMNS, height=ROWS, file=io.StringIO(), force_terminal=True,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    console.print(Group(frame))
    drawn = console.export_svg(theme=MONOKAI, unique_id=name, code_format=FRAME, title="")
    drawn = re.sub(rf'<text class="{name}-r\d+"[^>]*>\s*</text>', "", drawn)  # ends of lines
    return re.sub(rf' clip-path="url\(#{name}-line-\d+\)"', "", drawn).replace("&#160;", " ")
