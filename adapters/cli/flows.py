"""`./hotline flow ...`"""

from __future__ import annotations

import typer

from adapters.cli import flow_show, flow_test, flow_try
from adapters.cli.output import Json, fail, settings_or_fail, table

app = typer.Typer(no_args_is_help=True)
app.command()(flow_show.show)
app.command("try")(flow_try.walk)
app.command("test")(flow_test.rehearse)


@app.command()
def check(json: Json = False) -> None:
    """Check every flow; name each fault with file, line and a suggestion."""
    from ivr.faults import BadFlow
    from ivr.load import load_for

    try:
        flows = load_for(settings_or_fail())
    except BadFlow as bad:
        fail("\n".join(bad.faults))
    rows = [
        {"flow": flow.name, "steps": len(flow.steps), "languages": list(flow.languages)}
        for flow in flows.values()
    ]
    table(("flow", "steps", "languages"), rows, as_json=json)
