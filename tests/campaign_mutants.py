"""Mutation testing of routing: one small mistake at a time, and does a test see it?

    python -m tests.campaign_mutants --seed 1 --shard 0/2 --n 150

A mutant is one change to the syntax tree of one module of `acd/`. Each runs in a child process that
imports the changed module instead of the file: nothing on disk is touched. The result of every
mutant is written below HOTLINE_DATA/campaigns at once; the next run goes on there.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import io
import json
import os
import signal
import sys
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import hypothesis.stateful  # noqa: F401  # imported once, here, for all children
import pytest

from ivr.settings import ROOT, load

MODULES = tuple(sorted(path.stem for path in (ROOT / "acd").glob("[a-z]*.py")))
TESTS = (
    ("engine", "engine_details", "engine_edges", "hold_rules", "lanes_and_places"),
    ("consults", "consult_edges", "called_out", "going_online", "dispositions", "pickups"),
    ("strategies", "match", "public_bugs", "overflow", "rules", "matching", "why", "reserves"),
    ("explain", "chosen", "simulation", "position_invariance", "matching_alone", "matching_rooms"),
    ("schedule", "centre_file", "refused_requests", "replay_report", "trace", "waits", "desks"),
    ("online_wait", "sharing", "prediction"),
    ("reserves_together", "estimate", "stand_ins", "phone_answered", "waits_in_line"),
    ("engine_invariants",),
)
"""One group after the other: most mutants are seen by the first."""
SLOW = ("TestAnyDay", "in_any_process")
"""Left out: what they see, the random days see too."""
SECONDS = 240
"""A mutant that takes longer goes round in circles, and is seen."""

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Continue: ast.Break,
    ast.Break: ast.Continue,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    module: str
    line: int
    what: str
    number: int
    """Which of the module's places: they are numbered in the order of `places`."""


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Where something can be changed, and into what; never in annotations and docstrings."""
    for node in _code(tree):
        if isinstance(node, ast.Compare):
            yield node, f"{type(node.ops[0]).__name__} swapped"
        elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS:
            yield node, f"{type(node.op).__name__} swapped"
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            yield node, f"{node.value} changed"
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            yield node, "condition turned round"
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield node, "call left out"
        elif isinstance(node, ast.Name) and node.id in ("min", "max"):
            yield node, f"{node.id} swapped"
        elif isinstance(node, ast.Continue | ast.Break):
            yield node, "loop control swapped"


def _code(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _code(child)


def change(node: Any) -> None:
    """Make the one change that belongs to this place."""
    kind = type(node)
    if kind is ast.Compare:
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif kind in (ast.BoolOp, ast.BinOp):
        node.op = SWAPS[type(node.op)]()
    elif kind is ast.Constant:
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    elif kind in (ast.If, ast.IfExp, ast.While):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif kind is ast.Expr:
        node.value = ast.Constant(None)
    elif kind is ast.Name:
        node.id = "max" if node.id == "min" else "min"
    else:
        node.__class__ = SWAPS[kind]


def mutants() -> list[Mutant]:
    found = []
    for module in MODULES:
        tree = ast.parse((ROOT / "acd" / f"{module}.py").read_text())
        for number, (node, what) in enumerate(places(tree)):
            found.append(Mutant(module, getattr(node, "lineno", 0), what, number))
    return found


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the changed module to whoever imports it."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = f"acd.{mutant.module}"
        tree = ast.parse((ROOT / "acd" / f"{mutant.module}.py").read_text())
        node, _ = list(places(tree))[mutant.number]
        change(node)
        self.code = compile(ast.fix_missing_locations(copy.deepcopy(tree)), self.name, "exec")

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == self.name else None

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self.code, module.__dict__)  # noqa: S102


def survives(mutant: Mutant | None) -> bool:
    """Run the tests in a child, with this mutant (None: as it is); whether all pass."""
    child = os.fork()
    if child == 0:
        os._exit(_tested(mutant))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _tested(mutant: Mutant | None) -> int:
    signal.alarm(SECONDS)
    for name in [n for n in sys.modules if n.startswith(("acd", "ivr", "tests."))]:
        del sys.modules[name]
    if mutant:
        sys.meta_path.insert(0, Changed(mutant))
    chosen = ["-k", " and ".join(f"not {name}" for name in SLOW)]
    for names in TESTS:
        paths = [str(ROOT / f"tests/unit/test_{name}.py") for name in names]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            if failed := pytest.main(["-x", "-q", "-p", "no:cacheprovider", *chosen, *paths]):
                return int(failed)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", default="0/1", help="which of how many")
    parser.add_argument("--n", type=int, default=100, help="how many mutants of this shard")
    args = parser.parse_args()
    shard, shards = map(int, args.shard.split("/"))
    path = load().data / "campaigns" / f"mutants-{args.seed}-{shard}-{shards}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    state: dict[str, bool] = json.loads(path.read_text()) if path.exists() else {}
    if not survives(None):
        print("the tests fail without any mutant")
        return 2
    everything = mutants()
    Random(args.seed).shuffle(everything)
    for mutant in everything[shard::shards][: args.n]:
        name = f"{mutant.module}.py:{mutant.line} {mutant.what} ({mutant.number})"
        if name not in state:
            state[name] = not survives(mutant)
            path.write_text(json.dumps(state, indent=1))
            print(name, "killed" if state[name] else "SURVIVED", flush=True)
    killed = sum(state.values())
    print(f"killed {killed} of {len(state)}, of {len(everything)} there are; seed {args.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
