"""The schema of flow files: an editor accepts what loads, and marks what is wrong in its form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from adapters.cli.commands import app
from ivr.flow import KINDS
from ivr.flow_schema import schema
from ivr.load import OWN_FLOWS
from tests.documents import ROOT
from tests.fakes_calls import FLOWS
from tests.json_schema import KNOWN, fits, keywords

SCHEMA = schema()
GUIDES = sorted((ROOT / "docs" / "guides").glob("flows*.md"))
ACCEPTED = [*sorted((FLOWS / "good").glob("*.yaml")), *sorted(OWN_FLOWS.glob("*.yaml"))]
IN_FORM = re.compile(
    r"unknown (field|kind)|: is missing| must be |say what the step does|at least `do`"
    r"|has the fields `first`|give (a text|a test|either|one of `)|say how many keys|name the step"
    r"|give `language`|needs steps|the text is empty|three capital letters|small letters"
    r"|means something else|leads nowhere$|is no outcome of|nothing comes after it|one sign each"
)
"""What the loader says of faults that are seen without knowing names and ways."""
NEEDS_LOADER = "aliases"
"""An editor puts in what an alias stands for."""


class EditorsYaml(yaml.SafeLoader):
    """YAML 1.2 as editors read it: `no` and 12:30 are text; names of fields always are."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


for kind, looks, signs in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", "n~"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?[0-9]*\.[0-9]+", "-+.0123456789"),
):
    resolver = re.compile(f"^(?:{looks})$")
    EditorsYaml.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", resolver, [*signs])


def accepted(text: str) -> bool:
    return fits(EditorsYaml(text).get_single_data(), SCHEMA, SCHEMA)


def bad_in_form() -> Iterator[Path]:
    """Files with such a fault, whatever else is wrong with them."""
    for file in sorted((FLOWS / "bad").glob("*.yaml")):
        said = re.findall(r"^# refused: (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        if any(IN_FORM.search(fault) for fault in said) and NEEDS_LOADER not in str(said):
            yield file


@pytest.mark.parametrize("file", ACCEPTED, ids=lambda file: file.stem)
def test_an_editor_accepts_every_flow_that_loads(file: Path) -> None:
    assert accepted(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_an_editor_accepts_every_flow_in_the_guide(guide: Path) -> None:
    examples = re.findall(r"```yaml\n(first:.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) > 3
    assert [example for example in examples if not accepted(example)] == []


@pytest.mark.parametrize("file", [*bad_in_form()], ids=lambda file: file.stem)
def test_an_editor_marks_a_flow_that_is_wrong_in_its_form(file: Path) -> None:
    assert not accepted(file.read_text(encoding="utf-8"))


def test_most_faults_of_form_have_a_file() -> None:
    assert len(list(bad_in_form())) >= 30


SAY = "say: {zh: 您好。, en: Hello.}"
ASKED = "cases: {%s}, then: {one: a, else: a}"


@pytest.mark.parametrize(
    "step",
    [
        f"do: say, {SAY}, then: a",
        f"do: say, {SAY}, then: {{done: a}}, interruptible: no",
        f"do: say, {SAY}, at_most: 2, then: {{done: a, too_many: a}}",
        "do: goodbye, say: {zh: {text: 再见。}, en: {text: Goodbye., recorded: bye.wav}}",
        f"do: menu, {SAY}, then: {{1: a, '*': a, silence: a, no_match: a}}, seconds: 2.5",
        "do: branch, value: age, " + ASKED % "one: 1",
        "do: branch, value: age, " + ASKED % "one: [1, two]",
        "do: branch, value: age, " + ASKED % "one: {least: 1, most: 2.5}",
        "do: branch, fact: queue, " + ASKED % "one: {one_of: [sales]}",
    ],
)
def test_every_short_and_full_form_is_accepted(step: str) -> None:
    assert accepted(f"first: a\nsteps:\n  a: {{{step}}}\n")


@pytest.mark.parametrize(
    "step",
    [
        f"do: menu, {SAY}, then: a",  # short for `done`, which a menu does not have
        f"do: say, {SAY}",
        f"do: say, {SAY}, then: [a]",
        f"do: say, {SAY}, then: a, interruptible: maybe",
        "do: say, say: {zh: [您好。], en: Hello.}, then: a",
        "do: say, say: {en: {text: Hello., record: hello.wav}}, then: a",
        "do: say, say: {en: null}, then: a",
        f"do: menu, {SAY}, tries: '2x', then: {{1: a, silence: a, no_match: a}}",
        f"do: menu, {SAY}, then: {{1: a, silence: a, no_match: a, maybe: a}}",
        "do: set, values: {wait: long}, then: a",
        "do: branch, value: age, " + ASKED % "one: {equal: a, least: 1}",
        "do: branch, value: age, " + ASKED % "one: []",
        "do: hours, hours: always, then: {open: a}",
        f"do: goodbye, {SAY}, then: a",
    ],
)
def test_what_no_step_can_be_is_marked(step: str) -> None:
    assert not accepted(f"first: a\nsteps:\n  a: {{{step}}}\n")


def test_editors_are_told_every_kind_and_field_and_what_it_means() -> None:
    parts = SCHEMA["$defs"]
    assert {kind["const"] for kind in parts["Step"]["properties"]["do"]["oneOf"]} == set(KINDS)
    for kind in KINDS.values():
        assert set(parts[kind.__name__]["properties"]) == set(kind.model_fields)
    undescribed = [
        (name, field)
        for name, part in parts.items()
        for form in (part, *part.get("anyOf", ()))
        for field, about in form.get("properties", {}).items()
        if not about.get("description")
    ]
    assert undescribed == []


def test_nothing_in_the_schema_is_unknown_to_these_tests() -> None:
    assert set(keywords(SCHEMA)) <= KNOWN


def test_the_command_writes_the_schema() -> None:
    done = CliRunner().invoke(app, ["flow", "schema"])
    assert done.exit_code == 0 and json.loads(done.stdout) == SCHEMA
