"""The benchmarks of the command line are those there are, and each knows its own options."""

from __future__ import annotations

import subprocess
from importlib import import_module

import pytest
from typer.testing import CliRunner

from adapters.cli import bench


@pytest.mark.parametrize("name", bench.BENCHMARKS)
def test_every_benchmark_of_the_command_is_there(name: str) -> None:
    assert callable(import_module(f"tests.bench.{name}").main)


def test_options_go_to_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def seen(command: list[str], **more: object) -> object:
        ran.append(command[1:])
        return type("Done", (), {"returncode": 3})

    monkeypatch.setattr(subprocess, "run", seen)
    for words in (["routing", "--help"], ["calls", "--callers", "20"]):
        assert CliRunner().invoke(bench.app, words).exit_code == 3
    assert ran == [
        ["-m", "tests.bench.routing", "--help"],
        ["-m", "tests.bench.calls", "--callers", "20"],
    ]
