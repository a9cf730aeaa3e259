"""Flows as plain documents, and what can be told of them: written from the guide alone.

Nothing here uses the checker's code, and it is to be kept so: it judges what the checker says. A
document has the texts of the file, all of them as text; `then: menu` is written out as
`then: {done: menu}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]
Fields = dict[str, Any]
Arrow = tuple[str, str, str]
"""Step, outcome, next step."""

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "tests/flows/good"
RECORDING = GOOD / "goodbye.wav"
SPEAKING = ("say", "after_silence", "after_no_match", "confirm", "second", "thanks", "choose")
FRAME = ("first", "steps", "needs")
"""The fields of a flow itself; no step of ours is called so."""
COPIED = sorted((ROOT / "ivr/flows/examples").glob("*/flows/*.yaml"))
NEEDING = "needs: [never_asked]\nfirst: back\nsteps:\n  back: {do: return}\n"
FAREWELL = "first: bye\nsteps:\n  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}\n"
GIVEN = {"fee_of": {"given": {"fee"}}, "book": {"booked": {"ticket"}}}
"""What the Python functions of the tests give, by outcome."""
TWICE = "twice-"
"""Before a key: it stands in the file without this, a second time."""


QUICK = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Makes texts only; in C where the library has it."""


class _Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # C where there is
    """Writes every text as it stands: `1`, `true` and `no` without quotation marks."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (the library's own)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def read(text: str) -> Document:
    document: Document = yaml.load(text, Loader=QUICK)  # noqa: S506 (makes texts only)
    for step in document["steps"].values():
        if isinstance(step.get("then"), str):
            step["then"] = {"done": step["then"]}
    return document


def written(document: Document) -> str:
    text = yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100_000)
    return re.sub(rf"{TWICE}(\S+):", r"'\1':", text)


def examples() -> dict[str, Document]:
    """The flow that we ship, those that we offer to copy, the good ones of the tests, all those of
    the guide, and those that these call, each by itself."""
    files = [ROOT / "ivr/flows/main.yaml", *COPIED, *sorted(GOOD.glob("*.yaml"))]
    found = {
        file.stem: read(file.read_text(encoding="utf-8"))
        for file in files
        if file.stem not in called()
    }
    found |= {f"called-{name}": read(text) for name, text in called().items()}
    guide = (ROOT / "docs/guides/flows.md").read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"```yaml\n(first:.*?)```", guide, re.S)):
        found[f"guide-{number}"] = read(block)
    return found


def called() -> dict[str, str]:
    """The flows that those examples call, each as it is written, and two for mistakes: one that
    needs a value that nobody has, and one that never comes back."""
    guide = (ROOT / "docs/guides/flows.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"```yaml\n# (\w+)\.yaml\n(first:.*?)```", guide, re.S))
    texts = {file.stem: file.read_text(encoding="utf-8") for file in GOOD.glob("*.yaml")}
    found |= {name: text for name, text in texts.items() if "do: return" in text}
    return found | {"needing": NEEDING, "farewell": FAREWELL}


def lines_of(text: str, step: str) -> set[int]:
    """The lines of a step; of both where the name is there twice. `first` and `steps`: of these."""
    lines: set[int] = set()
    document = yaml.compose(text, Loader=QUICK)
    for key, value in document.value if document else []:
        if key.value == step and step in FRAME:
            lines.add(key.start_mark.line + 1)
        if key.value == step == "needs":
            lines |= {*range(key.start_mark.line + 1, value.end_mark.line + 1)}
        for name, fields in value.value if key.value == "steps" else []:
            if name.value == step:
                begin = name.start_mark.line + 1
                lines |= {begin, *range(begin, fields.end_mark.line + 1)}
    return lines


def arrows(document: Document) -> list[Arrow]:
    return [
        (name, outcome, target)
        for name, step in document["steps"].items()
        for outcome, target in step.get("then", {}).items()
    ]


def leads(document: Document) -> list[Arrow]:
    """All arrows: with those by which who waits is led out of the line."""
    return [*arrows(document), *out_of_line(document, "keys"), *out_of_line(document, "overflow")]


def out_of_line(document: Document, field: str) -> list[Arrow]:
    """Those of the `keys`, or of the `overflow`, of queues."""
    return [
        (name, outcome, target)
        for name in of_kind(document, "queue")
        for outcome, target in document["steps"][name].get(field, {}).items()
    ]


def of_kind(document: Document, *kinds: str) -> list[str]:
    return [name for name, step in document["steps"].items() if step["do"] in kinds]


def limited(document: Document) -> set[str]:
    return {name for name, step in document["steps"].items() if "at_most" in step}


def spoken(document: Document) -> Iterator[tuple[str, Fields, bool]]:
    """Every prompt: its step, its texts by language, and whether it is said to who waits."""
    for name, step in document["steps"].items():
        for field in SPEAKING:
            if field in step:
                yield name, step[field], False
        for announcement in step.get("while_waiting", []):
            yield name, announcement["say"], True


def reached(ways: list[Arrow], first: str) -> set[str]:
    """The steps that can be reached by these arrows, with the first."""
    found, todo = {first}, [first]
    while todo:
        here = todo.pop()
        new = {target for name, _, target in ways if name == here} - found
        found |= new
        todo += new
    return found


def open_steps(document: Document) -> set[str]:
    """Steps that a caller can come to while it is open, before a talk and before a promise, without
    using up a limit; `closure` is for the staff."""
    free = ("closed", "emergency", "too_many", "talked", "promised")
    staff, rung = of_kind(document, "closure"), of_kind(document, "transfer")
    ways = [way for way in leads(document) if way[1] not in free and way[0] not in staff]
    ways = [way for way in ways if way[0] not in rung or way[1] != "done"]
    return reached(ways, document["first"])


def unlimited_ways(document: Document) -> list[Arrow]:
    """Arrows that can be taken again and again, whatever the limits are; the overflow rules speak
    once."""
    has_limit, ways = limited(document), [*arrows(document), *out_of_line(document, "keys")]
    return [way for way in ways if way[0] not in has_limit and way[2] not in has_limit]


def round_trip(ways: list[Arrow], step: str) -> set[str]:
    """The steps of all ways round through this one: empty if there is none."""
    begins = [target for name, _, target in ways if name == step]
    after = {s for target in begins for s in reached(ways, target)}
    return {s for s in after if step in reached(ways, s)}


def collects(step: Fields, outcome: str) -> set[str]:
    """The values that are there after this outcome."""
    if step["do"] == "listen" and outcome == "done":
        return {step["into"]}
    if step["do"] == "lookup" and outcome == "done":
        return set(step["into"])
    if step["do"] == "python":
        given = GIVEN.get(step["name"], {}).get(outcome, set())
        return {value for value, source in step.get("into", {}).items() if source in given}
    return set(step.get("values", {})) if step["do"] == "set" and outcome == "done" else set()


def forms(document: Document) -> dict[str, str]:
    """Of every value that is keyed: `digits`, `date`, `amount` or `money`; of others, `text`."""
    found: dict[str, str] = {}
    for step in document["steps"].values():
        found |= dict.fromkeys(step.get("values", {}), "text")
        if step["do"] == "listen":
            form = "money" if "currency" in step else step.get("form", "digits")
            found[step["into"]] = form
        if step["do"] in ("lookup", "python"):
            found |= dict.fromkeys(step.get("into", {}), "text")
    return found


def surely_there(document: Document, name: str) -> set[str]:
    """Values that a caller has on every way to this step, by the most careful reading."""
    return {v for v in forms(document) if not _lacks(document, name, v, True)}


def surely_missing(document: Document, name: str) -> set[str]:
    """Values that a caller lacks on some way to this step that no reading can deny."""
    return {v for v in forms(document) if _lacks(document, name, v, False)}


def _lacks(document: Document, name: str, value: str, careful: bool) -> bool:
    """Whether a caller may come to a step without this value; after a wait nobody has any."""
    queues = of_kind(document, "queue")
    begins = [document["first"], *(way[2] for way in leads(document) if way[0] in queues)]
    ways = _without(document, value, careful)
    return any(name in reached(ways, begin) for begin in begins)


def _without(document: Document, value: str, careful: bool) -> list[Arrow]:
    """Arrows on which this value may still be missing."""
    found = []
    for way in arrows(document):
        step = document["steps"][way[0]]
        if value in collects(step, way[1]):
            continue
        if not careful and (step.get("value") == value or way[1] == "too_many"):
            continue
        found.append(way)
    return found
