"""Mistakes in the fields of steps: misspelt, missing, unknown, out of range, at odds."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.reference.flow_documents import TWICE, Document, Fields, of_kind

NEEDED = {
    "say": ("say",), "menu": ("say",), "listen": ("say", "into", "keys"), "set": (),
    "branch": ("cases",), "hours": ("hours",), "queue": (), "goodbye": ("say",),
    "lookup": ("service", "into"), "verify": ("say",), "ask": ("say",), "message": ("say",),
    "record": ("say", "of"), "ticket": ("type", "subject"),
    "callback": ("say", "another"), "overflow": (), "survey": ("say",),
    "closure": ("say", "choose"), "transfer": ("to",), "python": ("name",), "flow": ("flow",),
    "return": (),
}  # fmt: skip
NUMBERS = {
    "at_most": (
        ("say", "menu", "ask", "listen", "set", "branch", "hours", "lookup", "verify", "message",
         "record", "ticket", "callback", "overflow", "transfer", "flow", "python"),
        ("0", "21", "-1", "often"),
    ),
    "tries": (
        ("menu", "ask", "listen", "verify", "message", "record", "callback", "survey", "closure"),
        ("0", "-1", "twice"),
    ),
    "seconds": (
        ("menu", "ask", "listen", "lookup", "verify", "message", "record", "callback", "survey",
         "closure", "transfer"),
        ("-1", "nan", "inf", "soon"),
    ),
    "highest": (("survey",), ("1", "10", "all")),
    "lasts": (("closure",), ("0", "1000", "long")),
}  # fmt: skip
Change = Callable[[Document, Random], set[str]]


def _a(kind: str, fields: Callable[[Random], Fields], without: tuple[str, ...] = ()) -> Change:
    """One step of this kind gets these fields, and loses those."""

    def change(document: Document, random: Random) -> set[str]:
        if not (names := of_kind(document, kind)):
            return set()
        step = document["steps"][name := random.choice(names)]
        step.update(fields(random))
        for field in without:
            step.pop(field, None)
        return {name}

    return change


def _any(document: Document, random: Random) -> tuple[str, Fields]:
    name: str = random.choice(list(document["steps"]))
    return name, document["steps"][name]


def unknown_field(document: Document, random: Random) -> set[str]:
    name, step = _any(document, random)
    wrong = {f + "s": "3" for f in step if f not in ("then",)} | {"colour": "red", "trys": "2"}
    wrong = {f: v for f, v in wrong.items() if f not in ("seconds", "values", "says")}
    field = random.choice(sorted(wrong))
    step[field] = wrong[field]
    return {name}


def unknown_kind(document: Document, random: Random) -> set[str]:
    name, step = _any(document, random)
    step["do"] = random.choice([step["do"] + "e", step["do"].upper(), "voicemail", ""])
    return {name}


def field_twice(document: Document, random: Random) -> set[str]:
    name, step = _any(document, random)
    field = random.choice(list(step))
    step[TWICE + field] = step[field]
    return {name}


def needed_field_missing(document: Document, random: Random) -> set[str]:
    name, step = _any(document, random)
    del step[random.choice([*NEEDED[step["do"]], "do"])]
    return {name}


def step_without_fields(document: Document, random: Random) -> set[str]:
    name, step = _any(document, random)
    document["steps"][name] = random.choice([step["do"], "", [step["do"]]])
    return {name}


def number_out_of_range(document: Document, random: Random) -> set[str]:
    field, (kinds, values) = random.choice(list(NUMBERS.items()))
    if not (names := of_kind(document, *kinds)):
        return set()
    step = document["steps"][name := random.choice(names)]
    step[field] = random.choice(values)
    if field == "at_most":
        step["then"].setdefault("too_many", next(iter(step["then"].values())))
    return {name}


def _announcement(random: Random) -> Fields:
    say = {"say": {"zh": "谢谢。", "en": "Thank you."}}
    wrong: list[Fields] = [
        {}, {"after": "5", "every": "30"}, {"every": "9"}, {"every": "0"}, {"after": "nan"},
        {"after": "later"}, {"every": "30", "times": "2"},
    ]  # fmt: skip
    return {"while_waiting": [{**random.choice(wrong), **say}]}


def _answer(random: Random) -> Fields:
    """Keys, form and end key of a `listen` that are at odds.

    A currency that is not known to us (`XYZ`) is none of them: it need not be said.
    """
    wrong: list[Fields] = [
        {"keys": {"least": "5", "most": "4"}}, {"keys": {"least": "2"}}, {"keys": "8"},
        {"keys": {"most": "many"}}, {"form": "words"}, {"form": "digits", "currency": "CNY"},
        {"form": "date", "keys": {"least": "6", "most": "6"}}, {"ends_with": "5"},
        {"form": "amount", "ends_with": "*"}, {"form": "amount", "currency": "yuan"},
        {"into": "My Value"}, {"into": ""}, {"into": "konto-nummer"},
    ]  # fmt: skip
    return random.choice(wrong)


def _values(random: Random) -> Fields:
    """What a `set` cannot set."""
    wrong: list[Fields] = [
        {"language": "fr"}, {"language": "english"}, {"values": {"My Value": "a"}},
        {"values": {"tariff": "a" * 501}}, {"values": {"wait": "a"}},
    ]  # fmt: skip
    return random.choice(wrong)


def too_many_values(document: Document, random: Random) -> set[str]:
    """That is a fault of the whole flow."""
    if not (names := of_kind(document, "set")):
        return set()
    step = document["steps"][random.choice(names)]
    step.setdefault("values", {}).update({f"more_{n}": "a" for n in range(21)})
    return {"steps"}


def blank_field(document: Document, random: Random) -> set[str]:
    """A field without a value; only `ends_with` may have none."""
    name, step = _any(document, random)
    step[random.choice([field for field in step if field != "ends_with"])] = ""
    return {name}


def case_that_never_holds(document: Document, random: Random) -> set[str]:
    """One more case at the end, of which a case before takes everything."""
    if not (branches := of_kind(document, "branch")):
        return set()
    step = document["steps"][name := random.choice(branches)]
    test = random.choice(list(step["cases"].values()))
    step["cases"]["once_more"] = _part_of(test, random)
    step["then"]["once_more"] = step["then"]["else"]
    return {name}


def _part_of(test: Any, random: Random) -> Any:
    if isinstance(test, list):
        return random.choice(test)
    if isinstance(test, dict) and "least" in test:
        return {"least": test["least"], "most": test["least"]}
    if isinstance(test, dict) and "most" in test:
        return {"least": "1", "most": "2"}
    return test


def case_at_odds(document: Document, random: Random) -> set[str]:
    if not (branches := of_kind(document, "branch")):
        return set()
    step = document["steps"][name := random.choice(branches)]
    outcome = next(iter(step["cases"]))
    wrong: list[Any] = [
        {}, {"equal": "1", "least": "5"}, {"least": "9", "most": "8"}, {"least": "gold"},
        {"missing": "true", "equal": "1"}, {"above": "5"}, [],
    ]  # fmt: skip
    step["cases"][outcome] = random.choice(wrong)
    return {name}


def case_without_way(document: Document, random: Random) -> set[str]:
    if not (branches := of_kind(document, "branch")):
        return set()
    step = document["steps"][name := random.choice(branches)]
    odd = random.choice(["Gold", "extra", "two words", "else"])
    step["cases"][odd] = "never seen before"
    if odd not in ("extra", "else"):
        step["then"][odd] = step["then"]["else"]
    return {name}


FACT = {"fact": "language", "cases": {"french": "fr"}}
MISTAKES: dict[str, Change] = {
    "unknown field": unknown_field,
    "unknown kind": unknown_kind,
    "field left blank": blank_field,
    "field twice": field_twice,
    "needed field missing": needed_field_missing,
    "step without fields": step_without_fields,
    "number out of range": number_out_of_range,
    "message keys alike": _a(
        "message", lambda r: {"keep": "5", r.choice(["again", "cancel"]): "5"}
    ),
    "ticket without a type": _a("ticket", lambda r: {"type": r.choice(["", "Two words", "X"])}),
    "ticket of a value that nobody collects": _a("ticket", lambda r: {"text": "{nobody}"}),
    "answers by one key": _a("ask", lambda r: {"key_for_yes": "5", "key_for_no": "5"}),
    "key of two signs": _a("ask", lambda r: {"key_for_yes": r.choice(["12", "", "A"])}),
    "unknown queue": _a(
        "queue", lambda r: {"queue": r.choice(["suport", "Sales", "", "weekdays"])}
    ),
    "unknown queue of hours": _a("hours", lambda r: {"queue": r.choice(["suport", "Sales"])}),
    "unknown hours": _a("hours", lambda r: {"hours": r.choice(["weekday", "Always", "", "open"])}),
    "unknown after": _a("queue", lambda r: {"after": r.choice(["music", "menu", ""])}),
    "announcement at odds": _a("queue", _announcement),
    "answer at odds": _a("listen", _answer),
    "values that cannot be set": _a("set", _values),
    "too many values": too_many_values,
    "set without anything": _a("set", lambda r: {}, ("language", "values")),
    "no yes and no no": _a("say", lambda r: {"interruptible": r.choice(["perhaps", "2", "[]"])}),
    "unknown service": _a("lookup", lambda r: {"service": r.choice(["order", "stock", ""])}),
    "question that leaves the service": _a(
        "lookup", lambda r: {"path": r.choice(["orders", "/../admin", "//other/x", "/a?b=c"])}
    ),
    "branch on two things": _a("branch", lambda r: {"value": "tariff", "fact": "caller"}),
    "branch on nothing": _a("branch", lambda r: {}, ("value", "fact")),
    "branch on unknown fact": _a("branch", lambda r: {"fact": "weather"}, ("value",)),
    "branch on unknown value": _a("branch", lambda r: {"value": "never_asked"}, ("fact",)),
    "branch without cases": _a("branch", lambda r: {"cases": {}}),
    "branch on unknown language": _a("branch", lambda r: dict(FACT), ("value",)),
    "case that never holds": case_that_never_holds,
    "case at odds": case_at_odds,
    "case without way": case_without_way,
}
