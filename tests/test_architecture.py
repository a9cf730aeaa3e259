"""The source keeps its shape, and the rules that say so can fail."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tests.architecture import (
    LONG_FILES,
    MAY_CATCH_ALL,
    READS_ENVIRONMENT,
    ROOT,
    RULES,
    Module,
    Rule,
    acd_is_pure,
    broad_catches,
    everything_says_what_it_is_for,
    imports_go_one_way,
    modules,
    names_are_of_the_field,
    nothing_is_swallowed,
    settings_have_one_reader,
    sizes_stay_readable,
    words_are_those_of_the_glossary,
)

ALL = list(modules())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    assert [fault for module in ALL for fault in rule(module)] == []


def test_there_is_something_to_hold_to_the_rules() -> None:
    assert {module.path.parts[0] for module in ALL} == {"acd", "voice", "ivr", "adapters"}
    assert len(ALL) > 50


BROKEN: list[tuple[Rule, str, str]] = [
    (imports_go_one_way, "acd/x.py", "from ivr.ports import Line"),
    (imports_go_one_way, "acd/x.py", "import voice.ports"),
    (imports_go_one_way, "voice/x.py", "from acd.model import Seconds"),
    (imports_go_one_way, "ivr/x.py", "from adapters.stores.vault import SqlVault"),
    (imports_go_one_way, "ivr/x.py", "def f():\n    import adapters.asterisk.ami"),
    (imports_go_one_way, "ivr/tickets/x.py", "from adapters import stores"),
    (imports_go_one_way, "adapters/web/x.py", "from adapters.tickets.store import TicketStore"),
    (imports_go_one_way, "adapters/web/x.py", "from adapters import tickets"),
    (imports_go_one_way, "adapters/web/x.py", "from ..tickets import store"),
    (imports_go_one_way, "adapters/web/x.py", "from adapters.cli import run"),
    (acd_is_pure, "acd/x.py", "import asyncio"),
    (acd_is_pure, "acd/x.py", "from logging import getLogger"),
    (acd_is_pure, "acd/x.py", "def f():\n    from random import choice"),
    (acd_is_pure, "acd/x.py", "from pathlib import Path"),
    (acd_is_pure, "acd/x.py", "import pydantic"),
    (acd_is_pure, "acd/x.py", "from datetime import datetime\nx = datetime.now()"),
    (acd_is_pure, "acd/x.py", "x = open('file')"),
    (acd_is_pure, "acd/x.py", "async def f(): ..."),
    (names_are_of_the_field, "ivr/utils.py", ""),
    (names_are_of_the_field, "adapters/common/x.py", ""),
    (words_are_those_of_the_glossary, "acd/x.py", "class OfferReservation: ..."),
    (words_are_those_of_the_glossary, "acd/x.py", "def f(priority): ..."),
    (words_are_those_of_the_glossary, "acd/x.py", "tenant_id = 1"),
    (sizes_stay_readable, "ivr/x.py", "x = 1\n" * 301),
    (sizes_stay_readable, "ivr/x.py", "def f():\n" + "    x = 1\n" * 45),
    (sizes_stay_readable, "ivr/x.py", "class C:\n  async def f():\n" + "    x = 1\n" * 45),
    (nothing_is_swallowed, "ivr/x.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (nothing_is_swallowed, "ivr/x.py", "try:\n    f()\nexcept:\n    pass"),
    (nothing_is_swallowed, "ivr/x.py", "try:\n    f()\nexcept (OSError, BaseException):\n    g()"),
    (nothing_is_swallowed, "ivr/x.py", "with contextlib.suppress(Exception):\n    f()"),
    (settings_have_one_reader, "adapters/web/x.py", "import os\nx = os.environ['HOTLINE_HOME']"),
    (settings_have_one_reader, "acd/x.py", "import os\nx = os.getenv('HOTLINE_HOME')"),
    (everything_says_what_it_is_for, "ivr/x.py", "x = 1"),
    (everything_says_what_it_is_for, "ivr/x.py", '"""Doc."""\nclass C:\n    def f(self): ...'),
]


@pytest.mark.parametrize(("rule", "path", "source"), BROKEN)
def test_a_broken_rule_is_noticed(rule: Rule, path: str, source: str) -> None:
    assert list(rule(Module(PurePosixPath(path), source)))


KEPT: list[tuple[Rule, str, str]] = [
    (imports_go_one_way, "adapters/web/__main__.py", "from adapters.stores.vault import SqlVault"),
    (imports_go_one_way, "adapters/cli/run.py", "from adapters.asterisk.instance import Instance"),
    (imports_go_one_way, "adapters/web/app.py", "from adapters.web import problems"),
    (imports_go_one_way, "adapters/web/app.py", "from . import problems"),
    (acd_is_pure, "ivr/x.py", "import asyncio"),
    (words_are_those_of_the_glossary, "ivr/x.py", "def offer(credit): ..."),
    (acd_is_pure, "acd/x.py", "def handle(event, now):\n    return agents.now_free(event, now)"),
    (sizes_stay_readable, "ivr/x.py", "def f():\n" + "    x = 1\n" * 44),
    (nothing_is_swallowed, "ivr/x.py", "try:\n    f()\nexcept BaseException:\n    g()\n    raise"),
    (nothing_is_swallowed, "ivr/x.py", "try:\n    f()\nexcept OSError:\n    pass"),
    (everything_says_what_it_is_for, "adapters/__init__.py", ""),
]


@pytest.mark.parametrize(("rule", "path", "source"), KEPT)
def test_what_is_allowed_passes(rule: Rule, path: str, source: str) -> None:
    assert list(rule(Module(PurePosixPath(path), source))) == []


def test_every_exception_to_a_rule_is_still_needed() -> None:
    by_path = {str(module.path): module for module in ALL}
    assert [path for path in MAY_CATCH_ALL if not list(broad_catches(by_path[path]))] == []
    assert [path for path in READS_ENVIRONMENT if "os.environ" not in by_path[path].source] == []
    assert [path for path in LONG_FILES if not (ROOT / path).exists()] == []


def test_no_two_files_of_tests_have_one_name() -> None:
    """Pytest would read only one of them."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_the_top_level_holds_what_a_project_needs_and_no_more() -> None:
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    given = {"ivr", "acd", "voice", "adapters", "asterisk-config", "tests", "docker-compose.yml"}
    texts = {"README.md", "README.zh.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
             "LICENSE", "THIRD_PARTY.md"}  # fmt: skip
    beside = {"hotline", "pyproject.toml", "lock", "docs", "examples", "data"}
    assert there - given - texts - beside == set()
