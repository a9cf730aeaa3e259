"""The shape that the source keeps, as rules: each reads one module and names what breaks it.

`test_architecture` holds every module to them, and holds them to small sources that break them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("acd", "voice", "ivr", "adapters")

FUNCTION_LINES = 45
FILE_LINES = 300

MAY_IMPORT = {
    "acd": ("acd",),
    "voice": ("voice",),
    "ivr": ("ivr", "acd", "voice"),
    "adapters": ("ivr", "acd", "voice"),  # and the module's own folder of adapters
}

PURE_ENOUGH = {
    "__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools",
    "hashlib", "heapq", "itertools", "math", "operator", "re", "typing", "zoneinfo",
}  # fmt: skip
"""All that acd/ may import besides itself: nothing that does I/O, waits, logs or rolls dice."""

CLOCKS = {"now", "today", "utcnow"}
OUTSIDE = {"open", "print", "input"}

EMPTY_NAMES = {"util", "utils", "helper", "helpers", "manager", "handler", "core", "common"}
"""Names that say nothing of the field: what needs one has not found its place yet."""

NOT_OUR_WORDS = {"reservation", "passport", "priority", "tenant"}
"""Words that the glossary has others for."""

MAY_CATCH_ALL = {
    "adapters/asterisk/agi_server.py": "top of a call's task: the dialplan runs the script again",
    "adapters/asterisk/ami.py": "inside the library's callback: it would end the link",
    "adapters/asterisk/ami_wire.py": "one bad message must not cost the link and all after it",
    "adapters/channels/patience.py": "top of a sender's task: it must outlive any mistake",
    "adapters/asterisk/resync.py": "top of the way back: without it nobody is offered to again",
    "adapters/stores/thread.py": "top of a thread: whatever it is, who waits for the work is told",
    "adapters/tickets/projector.py": "top of the projection's task: it must outlive any mistake",
    "adapters/web/gate.py": "top of a request: nothing of the failure may get out",
    "ivr/chat_flow.py": "top of a chat's task: the chat waits for a person without its flow",
    "ivr/python_steps.py": "around what somebody else has written: the call goes on by `failed`",
    "ivr/python_files.py": "a file of the house runs for the first time: whoever checks is told",
    "ivr/queue_log/live.py": "top of the file's task: it must outlive any mistake",
    "ivr/call.py": "top of a call's script: the dialplan goes on without it",
}
"""Where anything at all may be caught, and why that is the top of a task."""

READS_ENVIRONMENT = {
    "adapters/cli/demo.py": "when ./hotline was started: the shell tells by a variable",
    "adapters/cli/demo_site.py": "hands the demo's own places to the processes it starts",
    "adapters/cli/demo_words.py": "the language of the terminal is no setting of ours",
    "ivr/home.py": "the one setting that is needed before there is time for the others",
    "ivr/settings.py": "the one reader of settings",
    "voice/prompts.py": "hands the environment on to the process that speaks",
    "voice/engines/pyttsx3_engine.py": "that process tells its library where the data lies",
}

LONG_FILES: dict[str, str] = {}
"""Files of tables that may be longer than others, and why."""


@dataclass(frozen=True, slots=True)
class Module:
    """One source file, read."""

    path: PurePosixPath
    """Relative to the root of the repository."""
    source: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.source)

    @property
    def is_entry_point(self) -> bool:
        """Whether the module wires things together, and therefore may see all of them."""
        return self.path.name == "__main__.py" or self.path.parts[:2] == ("adapters", "cli")


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


Rule = Callable[[Module], Iterator[str]]


def modules() -> Iterator[Module]:
    """Every module of ours that is not a test."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield Module(PurePosixPath(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))


# ---------------------------------------------------------------- where imports may point


def imports_go_one_way(module: Module) -> Iterator[str]:
    """`adapters -> ivr -> {acd, voice}`; no folder of adapters/ knows another."""
    if module.is_entry_point:
        return
    area = module.path.parts[0]
    for name in imported(module):
        parts = name.split(".")
        if parts[0] not in FOLDERS or parts[0] in MAY_IMPORT[area]:
            continue
        if area == parts[0] == "adapters" and parts[1:2] in ([], [module.path.parts[1]]):
            continue
        yield f"{module.path}: must not import {name}"


def acd_is_pure(module: Module) -> Iterator[str]:
    """acd/ has no I/O, no clock, no asyncio, no logging, no randomness."""
    if module.path.parts[0] != "acd":
        return
    for name in imported(module):
        top = name.split(".")[0]
        if top not in PURE_ENOUGH and top not in FOLDERS:
            yield f"{module.path}: acd/ must not import {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"{module.path}:{node.lineno}: acd/ waits for nothing"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in OUTSIDE or ("." in called and called.rsplit(".")[-1] in CLOCKS):
                yield f"{module.path}:{node.lineno}: acd/ must not call {called}"


def imported(module: Module) -> Iterator[str]:
    """Everything the module imports, at its top or deep inside, with full names."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = module.path.parts[: -node.level] if node.level else ()
            base = ".".join([*here, *([node.module] if node.module else [])])
            if base == "adapters":
                yield from (f"adapters.{alias.name}" for alias in node.names)
            else:
                yield base


# ---------------------------------------------------------------- names and sizes


def names_are_of_the_field(module: Module) -> Iterator[str]:
    """A module is called by what it is about. (A migration's folder is called by its process.)"""
    if "migrations" in module.path.parts:
        return
    for part in (*module.path.parts[:-1], module.path.stem):
        if part in EMPTY_NAMES:
            yield f"{module.path}: {part!r} says nothing; name what it is about"


def words_are_those_of_the_glossary(module: Module) -> Iterator[str]:
    """One word, one meaning: what the glossary calls otherwise is not called so in a name."""
    for node in ast.walk(module.tree):
        name = getattr(node, "name", None) or getattr(node, "attr", None)
        name = name or getattr(node, "id", None) or getattr(node, "arg", None)
        if isinstance(name, str) and NOT_OUR_WORDS & set(_words(name)):
            yield f"{module.path}: {name!r} is not a word of docs/glossary.md"


def _words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")


def sizes_stay_readable(module: Module) -> Iterator[str]:
    """A function fits a screen, a file a sitting. Migrations are written once and exempt."""
    if "migrations" in module.path.parts:
        return
    lines = len(module.source.splitlines())
    if lines > FILE_LINES and str(module.path) not in LONG_FILES:
        yield f"{module.path}: {lines} lines, {FILE_LINES} at most"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                where = f"{module.path}:{node.lineno}: {node.name}"
                yield f"{where} has {length} lines, {FUNCTION_LINES} at most"


# ---------------------------------------------------------------- errors, settings, words


def nothing_is_swallowed(module: Module) -> Iterator[str]:
    """`except Exception` only at the top of a task (`MAY_CATCH_ALL`), or where it is raised on."""
    if str(module.path) in MAY_CATCH_ALL:
        return
    yield from (f"{module.path}:{line}: catches everything" for line in broad_catches(module))


def broad_catches(module: Module) -> Iterator[int]:
    """The lines where anything at all is caught and not raised on."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            last = node.body[-1]
            raised_on = isinstance(last, ast.Raise) and last.exc is None
            if _is_everything(node.type) and not raised_on:
                yield node.lineno
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).rsplit(".", maxsplit=1)[-1] == "suppress"
            and any(_is_everything(argument) for argument in node.args)
        ):
            yield node.lineno


def _is_everything(caught: ast.expr | None) -> bool:
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        kind is None or ast.unparse(kind) in ("Exception", "BaseException") for kind in kinds
    )


def settings_have_one_reader(module: Module) -> Iterator[str]:
    """Only `ivr.settings` reads the environment."""
    if str(module.path) in READS_ENVIRONMENT:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv"):
            yield f"{module.path}:{node.lineno}: settings come from ivr.settings"


def everything_says_what_it_is_for(module: Module) -> Iterator[str]:
    """A docstring on every module and public class; one-line requests and rows excepted."""
    tree = module.tree
    if tree.body and not ast.get_docstring(tree):
        yield f"{module.path}: has no docstring"
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            plain = all(isinstance(part, ast.AnnAssign | ast.Pass) for part in node.body)
            if not ast.get_docstring(node) and not plain:
                yield f"{module.path}:{node.lineno}: {node.name} has no docstring"


RULES: tuple[Rule, ...] = (
    imports_go_one_way,
    acd_is_pure,
    names_are_of_the_field,
    words_are_those_of_the_glossary,
    sizes_stay_readable,
    nothing_is_swallowed,
    settings_have_one_reader,
    everything_says_what_it_is_for,
)
