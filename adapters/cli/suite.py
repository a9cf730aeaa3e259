"""`./hotline test`: style, types and tests; what failed among telephones is run again.

Why a second look, and what it never forgives: docs/decisions/0050-a-second-look-alone.md
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from adapters.cli.output import settings_or_fail
from ivr.home import ROOT

FAST = (
    "tests/unit", "tests/test_architecture.py", "tests/test_docs.py",
    "-m", "not asterisk and not postgres",
    "-n", "logical", "--maxprocesses", "8",
)  # fmt: skip
LONG = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
"""For everything: three processes, as who waits for a telephone needs no processor."""
WHOLE = (*LONG, "-m", "not long")

REAL_PARTS = ("tests/contract/", "tests/integration/", "tests/acceptance/")
SECOND_LOOKS = 3
"""More failures than that are no chance of the hour."""
TESTS_FAILED, NONE_FOUND = 1, 5
"""pytest's exit status where tests ran and some failed, and where there were none to run."""
NEVER_TWICE = "once"
"""The marker of tests whose faults pass alone as a rule: the gate, kills, vault and journal."""


def test(
    context: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="Without Asterisk and databases.")] = False,
    long: Annotated[bool, typer.Option("--long", help="Every row of who has the contact.")] = False,
) -> None:
    """Run style checks and tests; further arguments go to pytest."""
    from ivr.settings import environment_with

    cache = settings_or_fail().home / "cache"
    kept = {"RUFF_CACHE_DIR": "ruff", "MYPY_CACHE_DIR": "mypy"}
    kept["HYPOTHESIS_STORAGE_DIRECTORY"] = "hypothesis"
    environment = environment_with({name: str(cache / part) for name, part in kept.items()})

    def run(*words: str) -> int:
        command = [sys.executable, "-m", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode

    def pytest(*words: str) -> int:
        return run("pytest", "-o", f"cache_dir={cache / 'pytest'}", *words)

    if context.args:
        raise typer.Exit(pytest(*(FAST if fast else ()), *context.args))
    for check in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        if code := run(*check):
            raise typer.Exit(code)
    if fast:
        raise typer.Exit(pytest(*FAST))
    # A short name: sockets lie in it, and 107 characters are the most that one may have.
    with TemporaryDirectory(prefix="h-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # Asterisk may run as somebody else
        environment["TMPDIR"] = folder
        in_it = partial(pytest, f"--basetemp={folder}/t")
        code = looked_at_twice(in_it, LONG if long else WHOLE, cache / "pytest")
    raise typer.Exit(code)


def looked_at_twice(pytest: Callable[..., int], how: Sequence[str], cache: Path) -> int:
    """Run all; then, alone, what failed among real parts. `cache`: pytest's own folder."""
    noted = cache / "v" / "cache" / "lastfailed"
    noted.unlink(missing_ok=True)
    code = pytest(*how)
    again = worth_a_second_look(failed(noted)) if code == TESTS_FAILED else []
    if not again:
        return code
    if pytest("--collect-only", "-m", NEVER_TWICE, *again) != NONE_FOUND:
        typer.echo("Among what failed is what is rare by nature: it is not looked at twice.")
        return code
    typer.echo("\nFailed beside the others; each once more, alone:\n  " + "\n  ".join(again))
    if code := pytest("-m", "", *again):
        return code
    typer.echo("PASSED ALONE, FAILED BESIDE THE OTHERS (a fault to be found): " + ", ".join(again))
    return 0


def failed(noted: Path) -> list[str]:
    """The tests that pytest has noted as failed in its last run."""
    return sorted(json.loads(noted.read_text(encoding="utf-8"))) if noted.exists() else []


def worth_a_second_look(tests: Collection[str]) -> list[str]:
    """All of them, or none: one failure without a telephone in it is no matter of the hour."""
    few = len(tests) <= SECOND_LOOKS and all(test.startswith(REAL_PARTS) for test in tests)
    return list(tests) if few else []
