"""`./hotline bench NAME`: figures that anyone can take again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import typer

from ivr.home import ROOT

app = typer.Typer(no_args_is_help=True)

BENCHMARKS: Mapping[str, str] = {
    "burst": "Ten times the calls for a minute: simulated days, then real calls.",
    "calls": "The same SIP load on Hotline and on Asterisk's app_queue, side by side.",
    "estimate": "How often the estimated range of waiting holds the true wait, on simulated days.",
    "gaps": "How long nothing at all reaches a caller's telephone, in everything they can hear.",
    "imports": "How long a fresh core process imports before it does anything.",
    "load": "Many calls at once in menu and queue: set-up times and failures.",
    "outage": "Python away while callers dial in: what that costs, and who is there after.",
    "races": "The offer gate under races, a campaign that resumes where it stopped.",
    "recovery": "Asterisk killed under waiting callers: offers, and the old order afterwards.",
    "restart": "How soon calls are offered again after every Python process was killed.",
    "routing": "What one decision of the routing engine costs, up to a million who wait.",
    "webhooks": "Calls while signed and forged deliveries flood the web service.",
}
"""The modules of `tests.bench`; each knows its own options, and tells them with `--help`."""


def _add(name: str, purpose: str) -> None:
    @app.command(
        name,
        help=purpose,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def measure(context: typer.Context) -> None:
        command = [sys.executable, "-m", f"tests.bench.{name}", *context.args]
        raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


for _name, _purpose in BENCHMARKS.items():
    _add(_name, _purpose)
