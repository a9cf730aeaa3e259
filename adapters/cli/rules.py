"""`./hotline rules ...`: the centre file, looked at and put into force."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.agents import ask
from adapters.cli.output import Json, fail, show

if TYPE_CHECKING:
    from ivr.settings import Settings

app = typer.Typer(no_args_is_help=True)
File = Annotated[
    Path | None, typer.Argument(help="A centre file; default: the installation's own.")
]


@app.command()
def check(file: File = None, json: Json = False) -> None:
    """Check a centre file; name each fault with line, path and a suggestion.

    The installation's own file is checked against its site file and its flows too.
    """
    from ivr import centre_file
    from ivr.faults import BadFlow, BadSettings

    try:
        if file:
            centre, _, warnings = centre_file.read(file)
        else:
            settings = _own_settings()
            centre, warnings = settings.centre, list(settings.warnings)
    except (BadSettings, BadFlow) as bad:
        if json:
            show({"faults": bad.faults, "warnings": []}, as_json=True)
            raise typer.Exit(1) from bad
        fail("\n".join(bad.faults))
    found = {
        "version": centre.version,
        "queues": len(centre.queues),
        "agents": len(centre.agents),
        "classes": len(centre.classes),
    }
    if json:
        show({**found, "faults": [], "warnings": warnings}, as_json=True)
        return
    _warn(warnings)
    show(found, as_json=False)


def _own_settings() -> Settings:
    from ivr.flows_in_force import load_in_force
    from ivr.settings import load

    settings = load()
    load_in_force(settings)
    return settings


@app.command()
def apply(json: Json = False) -> None:
    """Go by the centre file as it is now. Ends no call; a file with faults changes nothing."""
    answer = ask("rules apply")
    if json:
        show(answer, as_json=True)
        return
    _warn(answer["warnings"])
    version, changed = answer["version"], answer["changed"]
    print(f"in force: rules {version}" + ("" if changed else ", as before"))


@app.command()
def schema() -> None:
    """Write the centre file's form as a JSON Schema, for editors that complete and check it."""
    from ivr.centre_schema import schema as whole

    print(json_module.dumps(whole(), ensure_ascii=False, indent=2))


def _warn(warnings: list[str]) -> None:
    for warning in warnings:
        print(f"warn  {warning}")
