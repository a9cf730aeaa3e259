"""`./hotline flow ...`"""

from __future__ import annotations

import json as json_module
from typing import Annotated, Any

import typer

from adapters.cli import flow_hear, flow_show, flow_test, flow_try
from adapters.cli.output import Json, fail, settings_or_fail, table

app = typer.Typer(no_args_is_help=True)
app.command()(flow_show.show)
app.command()(flow_hear.hear)
app.command("try")(flow_try.walk)
app.command("test")(flow_test.rehearse)
Name = Annotated[str, typer.Argument(help="The flow's name: that of its file, without .yaml.")]
Why = Annotated[str, typer.Option("--why", help="The reason; it is kept with the version.")]
Who = Annotated[str | None, typer.Option("--who", help="Your name; default: your login's.")]


@app.command()
def check(json: Json = False) -> None:
    """Check every flow; name each fault with file, line and a suggestion."""
    from ivr.check_text import notes as text_notes
    from ivr.faults import BadFlow
    from ivr.flow_notes import notes
    from ivr.flows_in_force import changed_drafts, versions_in_force
    from ivr.load import load_for

    settings = settings_or_fail()
    try:
        flows = load_for(settings)
        versions, changed = versions_in_force(settings), set(changed_drafts(settings))
    except BadFlow as bad:
        fail("\n".join(bad.faults))
    numbers, chat = settings.site.numbers.values(), settings.site.chat
    asks = chat.flow if chat else None
    rows: list[dict[str, Any]] = [
        {
            "flow": flow.name,
            "steps": len(flow.steps),
            "languages": list(flow.languages),
            "in_force": versions.get(flow.name, "as called"),
            "draft": "differs" if flow.name in changed else "",
            "notes": [
                *notes(flow, settings.centre.queues, numbers, settings.site.offered),
                *(text_notes(flow) if asks and flow.name == asks else ()),
            ],
        }
        for flow in flows.values()
    ]
    table(("flow", "steps", "languages", "in_force", "draft"), rows, as_json=json)
    for note in () if json else [note for row in rows for note in row["notes"]]:
        typer.echo(f"note: {note}")


@app.command()
def schema() -> None:
    """Write the form of a flow file as a JSON Schema, for editors that complete and check it."""
    from ivr.flow_schema import schema as whole

    print(json_module.dumps(whole(), ensure_ascii=False, indent=2))


@app.command()
def publish(flow: Name, why: Why, who: Who = None, json: Json = False) -> None:
    """Put a flow into force as its next version, from the next call on; calls in progress stay."""
    from adapters.cli import flow_publish

    flow_publish.publish(flow, why, who, json)


@app.command()
def versions(flow: Name, json: Json = False) -> None:
    """List the versions of a flow: who, when, why, and what was otherwise."""
    from adapters.cli import flow_versions

    flow_versions.show_versions(flow, json)


@app.command()
def rollback(
    flow: Name,
    why: Why,
    to: Annotated[
        int | None, typer.Option(min=1, help="The version to go back to; default: the one before.")
    ] = None,
    who: Who = None,
    json: Json = False,
) -> None:
    """Put an older version of a flow into force again, as its next version."""
    from adapters.cli import flow_publish

    flow_publish.roll_back(flow, to, why, who, json)
