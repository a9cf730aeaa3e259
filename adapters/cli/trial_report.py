"""What a trial of flows showed: for people, for programs, and as JUnit files have it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from adapters.cli.output import table
from ivr.rehearsal.coverage import Coverage
from ivr.rehearsal.trial import Played, Trial

_UNPRINTABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold."""
STRAYS_SHOWN = 5


def print_text(trial: Trial, threshold: float) -> None:
    """Failures first, each with the trail; then how much of each flow has been walked."""
    for one in trial.failed():
        print(f"FAILED  {one.caller.file}: {one.caller.name}\n{_story(one)}\n")
    for line in _strays(trial):
        print(f"FAILED  {line}\n")
    rows = [
        _row(each) | {"coverage": f"{int(each.share() * 100)} %"}
        for each in trial.coverage.values()
    ]
    table(("flow", "walked", "of", "coverage"), rows, as_json=False)
    for each in trial.coverage.values():
        if each.missing():
            print(f"{each.flow.name}: nobody walked {', '.join(each.missing())}")
        if each.hang_ups:
            counts = (f"{step} {count}" for step, count in each.hang_ups.items())
            print(f"{each.flow.name}: hung up in {', '.join(counts)}")
    for each in trial.below(threshold):
        print(f"FAILED  {_too_little(each, threshold)}")
    failures = len(trial.failed()) + len(trial.strays)
    rate = f"{trial.calls_a_minute():,.0f} a minute"
    print(f"{trial.calls} calls, {failures} failed; {trial.seconds:.2f} s ({rate})")


def print_json(trial: Trial, threshold: float) -> None:
    """The same as one object."""
    failures = [
        {
            "file": str(one.caller.file),
            "name": one.caller.name,
            "differences": list(one.differences),
            "trail": list(one.walk.trail),
        }
        for one in trial.failed()
    ]
    strays = [
        {"flow": w.role.flow, "does": list(w.done), "trail": list(w.trail), "fault": w.fault}
        for w in trial.strays
    ]
    told = {
        "calls": trial.calls,
        "seconds": round(trial.seconds, 3),
        "calls_a_minute": round(trial.calls_a_minute()),
        "failures": failures,
        "strays": strays,
        "coverage_wanted": threshold,
        "flows": [_row(each) for each in trial.coverage.values()],
    }
    print(json.dumps(told, ensure_ascii=False))


def junit(trial: Trial, threshold: float) -> str:
    """A suite for each flow, a case for each caller of a file and one for the coverage; callers
    at random are one case."""
    suites = ET.Element("testsuites", name="flow test")
    for name, coverage in trial.coverage.items():
        suite = ET.SubElement(suites, "testsuite", name=name)
        for one in trial.played:
            if one.walk.role.flow == name:
                _case(suite, one.caller.name, _story(one) if one.differences else "")
        short = coverage in trial.below(threshold)
        _case(suite, "coverage", _too_little(coverage, threshold) if short else "")
        if strays := list(_strays(trial, name)):
            _case(suite, "callers at random", "\n".join(strays))
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode")


def _case(suite: ET.Element, name: str, failure: str) -> None:
    flow = suite.get("name", "")
    case = ET.SubElement(suite, "testcase", classname=flow, name=_UNPRINTABLE.sub("?", name))
    if failure:
        text = _UNPRINTABLE.sub("?", failure)
        ET.SubElement(case, "failure", message=text.partition("\n")[0].strip()).text = text


def _row(coverage: Coverage) -> dict[str, Any]:
    pairs, missing = coverage.pairs(), coverage.missing()
    return {
        "flow": coverage.flow.name,
        "walked": len(pairs) - len(missing),
        "of": len(pairs),
        "coverage": round(coverage.share(), 4),
        "missing": missing,
        "hang_ups": dict(coverage.hang_ups),
    }


def _story(one: Played) -> str:
    trail = ", ".join(one.walk.trail)
    return "\n".join([*(f"  {each}" for each in one.differences), f"  happened: {trail}"])


def _strays(trial: Trial, flow: str = "") -> Iterator[str]:
    """Callers at random who came to no end, with what they did."""
    strays = [walk for walk in trial.strays if flow in ("", walk.role.flow)]
    for walk in strays[:STRAYS_SHOWN]:
        what = f"{walk.role.flow}: a caller at random broke off: {walk.fault}"
        yield f"{what}\n  does: {json.dumps(walk.done)}\n  happened: {', '.join(walk.trail)}"
    if more := len(strays[STRAYS_SHOWN:]):
        yield f"{more} callers at random besides"


def _too_little(coverage: Coverage, threshold: float) -> str:
    missing = ", ".join(coverage.missing())
    name, share = coverage.flow.name, coverage.share()
    return f"{name}: coverage {share:.3f}, less than {threshold:g}; nobody walked {missing}"
