"""What people can type, set, call or read about is documented where its reader looks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
import yaml
from fastapi.routing import APIRoute
from pydantic import BaseModel

from acd.commands import ContactEnd
from acd.events import Event, OfferEnd
from acd.states import AgentState, ContactState
from adapters.cli.commands import app
from adapters.tickets import (
    agents,
    calls,
    chats,
    desk,
    inside,
    messages,
    order,
    outward,
    passes,
    recorded_talks,
    routes,
    talks,
    texts,
)
from adapters.web.gate import OPEN
from docs import draw_states, list_third_party
from ivr import centre_file
from ivr.centre_file import CentreFile
from ivr.distributor import CEL_APPLIED
from ivr.flow import KINDS
from ivr.settings import DEFAULT_PORT_BASE, Ports, SiteFile
from ivr.tickets.life import TicketState
from ivr.tickets.shown import SHOWN
from tests.documents import ROOT, Document, documents, pairs, words_until_placeholder

DOCUMENTS = documents()
GUIDES = ROOT / "docs" / "guides"
SETTINGS = [Document(GUIDES / name) for name in ("settings.md", "settings.zh.md")]
SHELL_COMMANDS: Mapping[str, set[str]] = {
    "setup": {"--help", "--remove", "--update", "--json"},
    "uninstall": {"--help", "--yes", "--data"},
}
"""Commands that the shell script itself answers, before there is a Python."""
PASSES_ON = {"test"}
"""Commands that hand what they do not know to another program."""
INTERNAL = {"HOTLINE_STARTED"}
"""Variables between our own processes."""


def named(items: list[Document]) -> list[str]:
    return [item.name for item in items]


# ---------------------------------------------------------------- pages drawn from the source


def test_the_page_of_states_shows_the_tables() -> None:
    assert draw_states.PAGE.read_text(encoding="utf-8") == draw_states.page()


def test_every_state_and_move_has_its_sentence() -> None:
    for drawing in draw_states.DRAWINGS:
        assert set(drawing.causes) == {move for _, move in drawing.moves}
        states = {state for (state, _), _ in drawing.moves.items()} | set(drawing.moves.values())
        assert set(drawing.states) == states


def test_every_locked_package_is_listed_with_its_version() -> None:
    page = list_third_party.PAGE.read_text(encoding="utf-8")
    python, _debian = page.split("## Programs, libraries and recordings from Debian")
    listed = set(re.findall(r"^\| (\S+) \| ([^ |]+) \|", python, re.MULTILINE))
    locks = [list_third_party.locked(name) for name in ("base", "test", "uv")]
    assert {pair for lock in locks for pair in lock.items()} == listed - {
        ("package", "version"),
        ("---", "---"),
    }


# ---------------------------------------------------------------- commands


def commands(of: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words that call it (typer brings its own click)."""
    if hasattr(of, "commands"):
        for name, inner in of.commands.items():
            yield from commands(inner, f"{path} {name}".strip())
    else:
        yield path, of


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", [*COMMANDS, *SHELL_COMMANDS])
def test_every_command_is_in_a_guide(command: str) -> None:
    known = [document for document in DOCUMENTS if f"./hotline {command}" in document.text]
    assert known, f"no document names ./hotline {command}"


def refused(words: list[str]) -> str:
    """Why this command line would not be understood; empty when it would."""
    literal = words_until_placeholder(words)
    if not literal or literal[0].startswith("-"):
        return "" if set(literal) <= {"--help", "--version"} else f"no option {literal}"
    names = [name for name in (*COMMANDS, *SHELL_COMMANDS) if _begins(literal, name.split())]
    if not names:
        group = any(name.startswith(f"{literal[0]} ") for name in COMMANDS)
        return "" if group and len(literal) == 1 else f"there is no command {' '.join(literal)}"
    if names[0] in PASSES_ON or names[0].startswith("bench "):
        return ""
    options = {word.partition("=")[0] for word in words if word.startswith("-") and word != "--"}
    unknown = options - _options(names[0])
    return f"{names[0]} has no {sorted(unknown)}" if unknown else ""


def _begins(words: list[str], name: list[str]) -> bool:
    return words[: len(name)] == name


def _options(command: str) -> set[str]:
    if command in SHELL_COMMANDS:
        return SHELL_COMMANDS[command]
    options = (parameter.opts for parameter in COMMANDS[command].params)
    return {"--help", *(option for names in options for option in names)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named(DOCUMENTS))
def test_commands_in_documents_exist(document: Document) -> None:
    assert [fault for words in document.commands() if (fault := refused(words))] == []


@pytest.mark.parametrize(
    "line", ["fly", "agent fly", "run --fast", "--fast", "setup --fly", "agent login A --fly"]
)
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    assert refused(line.split())


@pytest.mark.parametrize("command", SHELL_COMMANDS)
def test_the_shell_script_has_its_commands_and_their_options(command: str) -> None:
    script = (ROOT / "hotline").read_text(encoding="utf-8")
    assert f"Usage: ./hotline {command}" in script
    for option in SHELL_COMMANDS[command]:
        assert option in script


def test_ci_runs_the_readmes_test_command() -> None:
    last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert last == "./hotline test"
    assert "./hotline test" in (ROOT / "README.md").read_text(encoding="utf-8")


# ---------------------------------------------------------------- settings


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key that a file of this model may have, deep inside too."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in _models_in(field.annotation):
            yield from keys_of(inner)


def _models_in(kind: object) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _models_in(part)


@pytest.mark.parametrize("guide", SETTINGS, ids=named(SETTINGS))
@pytest.mark.parametrize("file", [SiteFile, CentreFile])
def test_every_key_of_the_settings_files_is_explained(
    guide: Document, file: type[BaseModel]
) -> None:
    assert set(keys_of(file)) - guide.keys() == set()


@pytest.mark.parametrize("guide", SETTINGS, ids=named(SETTINGS))
def test_no_key_is_explained_that_does_not_exist(guide: Document) -> None:
    known = {*keys_of(SiteFile), *keys_of(CentreFile), *variables()}
    assert guide.keys() - known == set()


def variables() -> set[str]:
    """The environment variables that an installation reads."""
    files = ("hotline", "lock/install.sh", "asterisk-config/obtain.sh", "ivr/settings.py")
    texts = [(ROOT / file).read_text(encoding="utf-8") for file in files]
    return {name for text in texts for name in re.findall(r"HOTLINE_[A-Z_]+", text)} - INTERNAL


@pytest.mark.parametrize("guide", SETTINGS, ids=named(SETTINGS))
def test_every_environment_variable_is_explained(guide: Document) -> None:
    assert variables() - guide.keys() == set()


@pytest.mark.parametrize("guide", SETTINGS, ids=named(SETTINGS))
def test_the_examples_of_settings_can_be_used(guide: Document) -> None:
    site, centre = re.findall(r"```yaml\n(.*?)```", guide.text, re.DOTALL)
    assert SiteFile.model_validate(yaml.safe_load(site))
    rules = centre_file.read(yaml.safe_load(centre))
    assert rules.centre.agents and rules.warnings == []


def test_every_port_is_in_the_operators_table() -> None:
    ports = Ports(DEFAULT_PORT_BASE)
    rows = "\n".join(Document(GUIDES / "operator.md").rows())
    for port in (ports.sip, ports.ami, ports.agi, ports.web, *ports.rtp):
        assert str(port) in rows
    assert f"base + {ports.demo - ports.base} to" in rows


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("words", [AgentState, ContactState, TicketState, ContactEnd, OfferEnd])
def test_every_state_and_ending_is_in_the_glossary(words: type[StrEnum]) -> None:
    rows = Document(ROOT / "docs" / "glossary.md").rows()
    terms = {term for row in rows for term in row.split("|")[1].strip().split(", ")}
    past = {"declined": "decline", "rang out": "ring out"}
    assert {past.get(word, word) for word in words} - terms == set()


def journal_kinds() -> set[str]:
    """Every kind of record that the source writes or reads."""
    found = {kind.__name__ for kind in get_args(Event)} | set(SHOWN) | {CEL_APPLIED}
    for folder in ("ivr", "adapters"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Note", "Record"):
                    kinds = [part for part in node.args if isinstance(part, ast.Constant)]
                    found |= {str(kind.value) for kind in kinds if isinstance(kind.value, str)}
    return found


def test_every_kind_of_journal_record_is_explained() -> None:
    assert journal_kinds() - Document(ROOT / "docs" / "architecture.md").keys() == set()


def test_every_kind_of_step_is_explained() -> None:
    assert set(KINDS) - Document(ROOT / "ivr" / "flows" / "README.md").keys() == set()


SERVED = (
    calls, routes, desk, agents, talks, recorded_talks, outward, passes, texts, inside, order,
    chats, messages,
)  # fmt: skip


def test_every_route_of_the_api_is_explained() -> None:
    guide = (GUIDES / "api.md").read_text(encoding="utf-8")
    known = [route for part in SERVED for route in part.router.routes]
    paths = [route.path for route in known if isinstance(route, APIRoute)]
    names = {part for path in paths for part in path.split("/") if part and "{" not in part}
    assert {name for name in names if name not in guide} == set()
    operator = Document(GUIDES / "operator.md").text
    assert {path for path in (*OPEN, "/metrics") if path not in guide + operator} <= {"/docs.css"}


# ---------------------------------------------------------------- the documents themselves


@pytest.mark.parametrize("document", DOCUMENTS, ids=named(DOCUMENTS))
def test_links_lead_somewhere(document: Document) -> None:
    assert list(document.broken_links()) == []


@pytest.mark.parametrize("link", ["gone.md", "#nowhere", "here.md#nowhere"])
def test_a_link_that_leads_nowhere_is_noticed(link: str, tmp_path: Path) -> None:
    page = tmp_path / "here.md"
    page.write_text(f"# Somewhere\n[back](#somewhere) [web](https://example.org) [x]({link})\n")
    assert len(list(Document(page).broken_links())) == 1


@pytest.mark.parametrize(("english", "chinese"), pairs(), ids=lambda document: document.name)
def test_both_languages_say_the_same(english: Document, chinese: Document) -> None:
    levels = [[line.split(" ")[0] for line in one.headings()] for one in (english, chinese)]
    assert levels[0] == levels[1]
    assert len(english.rows()) == len(chinese.rows())
    assert english.text.count("```") == chinese.text.count("```")
    assert english.path.name in chinese.text
    assert chinese.path.name in english.text


@pytest.mark.parametrize("name", ["README", "docs/guides/settings", "docs/guides/flows",
                                  "docs/guides/agents"])  # fmt: skip
def test_admins_and_agents_are_told_in_both_languages(name: str) -> None:
    assert f"{name}.zh.md" in {chinese.name for _, chinese in pairs()}


def test_every_guide_is_in_the_list_of_documents() -> None:
    listed = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert [path.name for path in GUIDES.glob("*.md") if path.name not in listed] == []


def test_every_decision_has_its_three_parts_and_the_next_number() -> None:
    found = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in found] == list(range(1, len(found) + 1))
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. ")
        for part in ("**Context.**", "**Choice.**", "**What we gave up.**"):
            assert part in text, path.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=named(DOCUMENTS))
def test_nothing_is_left_to_be_written(document: Document) -> None:
    assert not re.search(r"\b(TODO|FIXME|TBD|XXX)\b", document.text)


def test_there_is_a_licence_that_the_project_names() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'license = "Apache-2.0"' in project
    assert "Apache License" in Path(ROOT, "LICENSE").read_text(encoding="utf-8")[:200]
