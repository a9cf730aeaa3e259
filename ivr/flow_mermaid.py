"""A flow as Mermaid text: what Markdown pages and wikis draw by themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.flow_look import COLOURS, look_of
from ivr.flow_sketch import Arrow, Box, Sketch, in_lines
from ivr.steps_calling import INTO

WIDE, LINES = 28, 2
"""Columns and lines of what a step says."""
SAFE = set(" .,:!?'()_-/=+~，。：！？（）、…·")
"""Signs that mean nothing to Mermaid inside quotation marks, besides letters and digits."""
SHAPES = {
    "says": '["{}"]', "asks": '{{{{"{}"}}}}', "decides": '{{"{}"}}', "does": '[/"{}"/]',
    "person": '(["{}"])', "ends": '[["{}"]]', "other": '("{}")',
}  # fmt: skip
THICKEST = 6


def mermaid(flow: Sketch) -> str:
    """A flowchart; every text that somebody wrote is escaped."""
    most = max((arrow.taken or 0 for arrow in flow.arrows), default=0)
    lines = ["flowchart TD", f"    call(( )) --> {_id(flow.first)}"]
    lines += _boxes(flow)
    lines += [f"    {_id(a.source)} -->|{_label(a)}| {_id(a.target)}" for a in flow.arrows]
    for number, arrow in enumerate(flow.arrows, 1):
        if most and arrow.taken:
            width = 1 + (THICKEST - 1) * arrow.taken / most
            lines.append(f"    linkStyle {number} stroke-width:{width:.1f}px")
    lines += _classes(flow)
    for step, outcome, number in flow.no_longer:
        lines.append(f"    %% no longer in the flow: {escaped(step)}, {escaped(outcome)}: {number}")
    return "\n".join(lines) + "\n"


def _boxes(flow: Sketch) -> Iterator[str]:
    """Each box; those of a called flow together, in a frame."""
    for caller in dict.fromkeys(box.inside for box in flow.boxes):
        if caller:
            yield f'    subgraph in_{_id(caller)}["{escaped(caller)}"]'
        yield from (f"    {_id(box.name)}{_shape(box)}" for box in flow.boxes
                    if box.inside == caller)  # fmt: skip
        if caller:
            yield "    end"


def escaped(text: str) -> str:
    """The text with every sign that Mermaid might take for its own as a number."""
    return "".join(sign if sign.isalnum() or sign in SAFE else f"#{ord(sign)};" for sign in text)


def _id(step: str) -> str:
    return f"s_{step.replace(INTO, '-')}"  # a step may be called `end`, a word of Mermaid


def _shape(box: Box) -> str:
    lines = [box.name, f"{box.kind}: {box.about}" if box.about else box.kind]
    lines += in_lines(box.words, WIDE, LINES)
    if box.came is not None:
        lines.append(f"{box.came:,} came, {box.hung_up:,} hung up")
    return SHAPES[look_of(box.kind)].format("<br/>".join(map(escaped, lines)))


def _label(arrow: Arrow) -> str:
    taken = "" if arrow.taken is None else f"<br/>{arrow.taken:,}"
    return f'"{escaped(", ".join(arrow.outcomes))}{taken}"'


def _classes(flow: Sketch) -> Iterator[str]:
    """Colours that can be read on a light and on a dark page."""
    for look, colour in COLOURS.items():
        names = [_id(box.name) for box in flow.boxes if look_of(box.kind) == look]
        if names:
            yield f"    classDef {look} fill:{colour}26,stroke:{colour},stroke-width:2px"
            yield f"    class {','.join(names)} {look}"
