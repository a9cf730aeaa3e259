"""What is otherwise in one version of a flow than in another, in words. Pure.

Works on the fields of the steps, whatever their kind: a field that has no sentence of its own here
is told by its name. Recordings are told apart by their file's name: where versions are kept
(`ivr.flow_versions`) that is a digest of what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ivr.flow import DONE, KEYS, Announcement, Flow, Spoken, Step, StepName, Words

LANGUAGES = {"en": "English", "zh": "Chinese"}
BESIDES = ("do", "then")
"""Fields that have sentences of another form."""
ARROWS = {("queue", "keys"), ("queue", "overflow")}
"""Fields of a kind that lead to steps, as `then` does: that has them all."""
SENTENCES = {
    "seconds": "waits {new} s for a key (was {old})",
    "tries": "asks {new} times (was {old})",
    "at_most": "is performed {new} times in a call at most (was {old})",
    "hours": "looks at the hours {new} (was {old})",
    "urgency": "contacts are now {new} (were {old})",
    "skills": "asks now for {new} (was {old})",
    "language": "sets the language {new} (was {old})",
}
OF_KIND = {
    ("lookup", "seconds"): "waits {new} s for the answer (was {old})",
    ("message", "seconds"): "records {new} s at most (was {old})",
    ("message", "pause"): "ends after {new} s of silence (was {old})",
    ("record", "seconds"): "records {new} s at most (was {old})",
    ("transfer", "seconds"): "rings {new} s (was {old})",
    ("transfer", "to"): "rings {new} (was {old})",
    ("record", "pause"): "ends after {new} s of silence (was {old})",
}
"""Where a field means something else in one kind of step."""
WHEN = {
    "after_silence": "after silence", "after_no_match": "after a wrong key",
    "confirm": "after the recording",
    "second": "as its second question", "thanks": "as thanks",
    "choose": "when the PIN is good",
}  # fmt: skip
UNSET = {"at_most": "without a limit", "queue": "that of the number", "urgency": "not urgent"}

Names = Mapping[StepName, StepName]
"""Steps that have another name now: the old one to the new one."""


def difference(before: Flow, after: Flow) -> list[str]:
    """One line for each difference that callers could meet; none: they meet the same."""
    names = renamed(before, after)
    lines = [f"step {old} is now called {new}" for old, new in names.items()]
    first = names.get(before.first, before.first)
    if first != after.first:
        lines.append(f"calls now begin in {after.first} (was {before.first})")
    still = {names.get(name, name): step for name, step in before.steps.items()}
    for name, step in after.steps.items():
        if name in still:
            lines += _step(name, still[name], step, names)
        else:
            lines.append(f"step {name} is new ({step.do})")
    lines += [f"step {name} is gone" for name in still if name not in after.steps]
    return lines


def renamed(before: Flow, after: Flow) -> dict[StepName, StepName]:
    """Steps that are there under another name, and do and lead to the same."""
    gone = [name for name in before.steps if name not in after.steps]
    new = [name for name in after.steps if name not in before.steps]
    names: dict[StepName, StepName] = {}
    found = True
    while found:  # one that is found may show where another leads to
        found = False
        for old in gone:
            for name in new:
                if old in names or name in names.values():
                    continue
                tried = {**names, old: name}
                if _content(before.steps[old], tried) == _content(after.steps[name], {}):
                    names, found = tried, True
    return {old: names[old] for old in gone if old in names}


def _content(step: Step, names: Names) -> dict[str, Any]:
    """Everything the step is, with recordings by their names and targets as they are called now."""
    content = {field: _plain(value) for field, value in step if (step.do, field) not in ARROWS}
    content["then"] = {outcome: names.get(to, to) for outcome, to in step.then.items()}
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, Words):
        return (value.text, value.recorded.name if value.recorded else None)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return [_plain(inner) for _, inner in value] if isinstance(value, Announcement) else value


# ---------------------------------------------------------------- one step


def _step(name: StepName, old: Step, new: Step, names: Names) -> Iterator[str]:
    if old.do != new.do:
        yield f"{name}: is now {new.do} (was {old.do})"
    yield from _arrows(name, old, new, names)
    spoken = {path[0] for step in (old, new) for path, _ in step.spoken()}
    for field in dict.fromkeys([*type(new).model_fields, *type(old).model_fields]):
        if field == "while_waiting":
            yield from _announcements(name, old, new)
        elif field in spoken:
            yield from _said(name, _by_path(old, field), _by_path(new, field))
        elif field not in BESIDES and (new.do, field) not in ARROWS and old.do == new.do:
            yield from _field(name, new.do, field, getattr(old, field), getattr(new, field))


def _arrows(name: StepName, old: Step, new: Step, names: Names) -> Iterator[str]:
    for outcome, target in new.then.items():
        was = old.then.get(outcome)
        if was is None:
            yield f"{name}: {_outcome(outcome)} is new and goes to {target}"
        elif names.get(was, was) != target:
            yield f"{name}: {_outcome(outcome)} now goes to {target} (was {was})"
    for outcome, target in old.then.items():
        if outcome not in new.then:
            yield f"{name}: {_outcome(outcome)} is gone (went to {target})"


def _outcome(outcome: str) -> str:
    if outcome == DONE:
        return "what comes next"
    return f"key {outcome}" if outcome in KEYS else outcome.replace("_", " ")


def _by_path(step: Step, field: str) -> dict[str, Spoken]:
    """What the step says in this field, by the sentence's words for when."""
    found = {}
    for path, spoken in step.spoken():
        if path[0] == field:
            when = WHEN.get(field, " ".join(path).replace("_", " "))
            found["" if path == ("say",) else when] = spoken
    return found


def _announcements(name: StepName, old: Step, new: Step) -> Iterator[str]:
    was, now = _by_time(old), _by_time(new)
    yield from _said(name, was, now)
    if list(was) != list(now) and was.keys() == now.keys():
        yield f"{name}: what waiting callers hear comes in another order"


def _by_time(step: Step) -> dict[str, Spoken]:
    """What is said to waiting callers, by the sentence's words for when."""
    found: dict[str, Spoken] = {}
    announcements: tuple[Announcement, ...] = getattr(step, "while_waiting", ())
    for announcement in announcements:
        if announcement.every is not None:
            when = f"every {announcement.every:g} s of waiting"
        else:
            when = f"after {announcement.after:g} s of waiting"
        while when in found:
            when += " (again)"
        found[when] = announcement.say
    return found


def _said(name: StepName, was: Mapping[str, Spoken], now: Mapping[str, Spoken]) -> Iterator[str]:
    for when in [*now, *(gone for gone in was if gone not in now)]:
        old, new = was.get(when, {}), now.get(when, {})
        for language in [*new, *(gone for gone in old if gone not in new)]:
            place = f"{when} in {LANGUAGES.get(language, language)}".strip()
            yield from _words(name, place, old.get(language), new.get(language))


def _words(name: StepName, place: str, old: Words | None, new: Words | None) -> Iterator[str]:
    if new is None:
        yield f"{name}: no longer says anything {place} (was: {old.text if old else ''})"
        return
    if old is None:
        yield f"{name}: now says {place}: {new.text}"
        return
    if old.text != new.text:
        yield f"{name} says {place}: {new.text} (was: {old.text})"
    sounds = [words.recorded.name if words.recorded else "" for words in (old, new)]
    if sounds[0] != sounds[1]:
        change = "is spoken, no longer a recording," if not sounds[1] else "plays another recording"
        yield f"{name}: {change if sounds[0] else 'plays a recording (was spoken)'} {place}"


def _field(name: StepName, kind: str, field: str, old: Any, new: Any) -> Iterator[str]:
    if _plain(old) == _plain(new):
        return
    plain = field.replace("_", " ") + " is now {new} (was {old})"
    sentence = OF_KIND.get((kind, field)) or SENTENCES.get(field, plain)
    told = {"old": _value(field, old), "new": _value(field, new)}
    yield f"{name}: {sentence.format(**told)}"


def _value(field: str, value: Any) -> str:
    if value is None:
        return UNSET.get(field, "not set")
    if field == "skills" and isinstance(value, Mapping):
        return ", ".join(f"{skill} {level}" for skill, level in value.items()) or "no skill"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(_plain(value))
