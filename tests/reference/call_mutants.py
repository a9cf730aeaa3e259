"""Mistakes in what a flow calls: other flows, Python functions, services."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tests.reference.flow_documents import (
    Document,
    Fields,
    forms,
    of_kind,
    surely_missing,
    surely_there,
)
from tests.reference.kind_mutants import Change, one, wrong

INPUTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "fee_of": {"amount": ("a lot", "1e999x", ""), "day": ("yesterday", "2026-02-30", "1")},
    "parity": {"number": ("many", "1.5", "")},
    "book": {"text": ()},
}
"""Needed inputs of the functions of the tests, and texts that none of those can be."""


# ---------------------------------------------------------------- flows that call flows


def value_that_may_not_come_back(document: Document, random: Random) -> set[str]:
    """`identity` of the guide has collected the number on the way `known` alone."""
    calls = [n for n in of_kind(document, "flow") if document["steps"][n]["flow"] == "identity"]
    if len(calls) != 1 or "customer" in forms(document):
        return set()
    then = document["steps"][calls[0]]["then"]
    if "unknown" not in then:
        return set()
    said = {"zh": "谢谢，{customer:digits}。", "en": "Thank you, {customer:digits}."}
    document["steps"]["thanked"] = {"do": "say", "say": said, "then": {"done": then["unknown"]}}
    then["unknown"] = "thanked"
    return {"thanked"}


def flow_that_needs_what_may_be_missing(document: Document, random: Random) -> set[str]:
    """`customer` needs an `amount`, which some way to the call does not bring."""
    name, step = one(document, random, "flow")
    if not name or "amount" in forms(document).keys() - surely_missing(document, name):
        return set()
    step["flow"], then = "customer", list(step["then"].values())
    limit = {"too_many": step["then"]["too_many"]} if "too_many" in step["then"] else {}
    step["then"] = {"done": then[0], "unknown": then[-1], **limit}
    return {name}


def odd_needs(document: Document, random: Random) -> set[str]:
    if "needs" not in document:
        return set()
    document["needs"] = random.choice([["My Value"], "amount", ["wait"], [""]])
    return {"needs"}


# ---------------------------------------------------------------- Python functions


def _function(document: Document, random: Random) -> tuple[str, Fields, str, list[str]]:
    """A step, its function, and the inputs that this needs."""
    name, step = one(document, random, "python")
    step.setdefault("inputs", {})
    known = INPUTS.get(str(step.get("name")), {})
    return (name if known else ""), step, str(step.get("name")), list(known)


def function_without_way_for_failure(document: Document, random: Random) -> set[str]:
    name, step, _, _ = _function(document, random)
    last = [outcome for outcome in ("failed", "unknown") if outcome in step.get("then", {})]
    if not last:
        return set()
    del step["then"][random.choice(last)]
    return {name} - {""}


def input_missing(document: Document, random: Random) -> set[str]:
    name, step, _, needed = _function(document, random)
    step["inputs"].pop(random.choice(needed) if needed else "", None)
    return {name} - {""}


def input_that_nobody_takes(document: Document, random: Random) -> set[str]:
    name, step, _, _ = _function(document, random)
    step["inputs"][random.choice(["colour", "Number", "numbers"])] = "5"
    return {name} - {""}


def input_that_cannot_be_read(document: Document, random: Random) -> set[str]:
    name, step, function, needed = _function(document, random)
    texts = [(entry, text) for entry in needed for text in INPUTS[function][entry]]
    if not texts:
        return set()
    entry, text = random.choice(texts)
    step["inputs"][entry] = text
    return {name} - {""}


def input_that_is_not_there(document: Document, random: Random) -> set[str]:
    name, step, _, needed = _function(document, random)
    if not needed:
        return set()
    step["inputs"][random.choice(needed)] = "{nobody_asked}"
    return {name} - {""}


def input_that_never_fits(document: Document, random: Random) -> set[str]:
    """A word for a number, or a number with words around it."""
    name, step, function, needed = _function(document, random)
    if not name or function == "book":
        return set()
    text, words = random.choice([("basic", ""), ("5", " pieces"), ("2026-03-05", "")])
    given = {"do": "set", "values": {"given": text}, "then": {"done": document["first"]}}
    document["steps"]["given"], document["first"] = given, "given"
    step["inputs"][needed[0]] = f"{{given}}{words}"
    return {name} if "given" in surely_there(document, name) else set()


def input_missing_on_a_way(document: Document, random: Random) -> set[str]:
    """Of a question to something outside, of a function, or of a ticket."""
    name, step = one(document, random, "lookup", "python", "ticket")
    missing = sorted(surely_missing(document, name)) if name else []
    if not missing:
        return set()
    words = f"{{{random.choice(missing)}}}"
    if step["do"] == "ticket":
        step[random.choice(["subject", "text"])] = f"About {words}"
    elif step["do"] == "lookup":
        step.update(random.choice([{"path": f"/orders/{words}"}, {"query": {"order": words}}]))
    else:
        step.setdefault("inputs", {})[next(iter(INPUTS[step["name"]]))] = words
    return {name}


def answer_that_is_not_given(document: Document, random: Random) -> set[str]:
    name, step, _, _ = _function(document, random)
    step["into"] = random.choice([{"told": "nothing_such"}, {"told": "Fee"}, {"told": ""}])
    return {name} - {""}


MISTAKES: dict[str, Change] = {
    "flow that is not there": wrong("flow", flow=["identitty", "Identity", "", "identity.yaml"]),
    "flow that calls itself": wrong("flow", flow=["flow"]),
    "flow that never comes back": wrong("flow", flow=["farewell"]),
    "flow that needs what is not there": wrong("flow", flow=["needing"]),
    "value that may not come back": value_that_may_not_come_back,
    "flow that needs what may be missing": flow_that_needs_what_may_be_missing,
    "odd needs": odd_needs,
    "return by an odd outcome": wrong("return", outcome=["two words", "", "Known"]),
    "unknown function": wrong("python", name=["fee", "Parity", "", "fee_of()"]),
    "function without way for failure": function_without_way_for_failure,
    "input missing": input_missing,
    "input that nobody takes": input_that_nobody_takes,
    "input that cannot be read": input_that_cannot_be_read,
    "input that is not there": input_that_is_not_there,
    "input that never fits": input_that_never_fits,
    "input missing on a way": input_missing_on_a_way,
    "answer that is not given": answer_that_is_not_given,
}
