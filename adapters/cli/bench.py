"""`./hotline bench NAME`: figures that anyone can take again."""

from __future__ import annotations

import subprocess
import sys

import typer

from ivr.home import ROOT

app = typer.Typer(no_args_is_help=True)


def _run(module: str, *words: str) -> None:
    command = [sys.executable, "-m", f"tests.bench.{module}", *words]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def calls(context: typer.Context) -> None:
    """The same SIP load on Hotline and on Asterisk's app_queue, side by side."""
    _run("calls", *context.args)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def estimate(context: typer.Context) -> None:
    """How often the estimated range of waiting holds the true wait, on simulated days."""
    _run("estimate", *context.args)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def load(context: typer.Context) -> None:
    """Many calls at once in menu and queue: set-up times and failures."""
    _run("load", *context.args)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def races(context: typer.Context) -> None:
    """The offer gate under races, a campaign that resumes where it stopped."""
    _run("races", *context.args)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def restart(context: typer.Context) -> None:
    """How soon calls are offered again after every Python process was killed."""
    _run("restart", *context.args)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def routing(context: typer.Context) -> None:
    """What one decision of the routing engine costs, up to a million who wait."""
    _run("routing", *context.args)
