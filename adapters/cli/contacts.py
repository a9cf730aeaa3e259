"""`./hotline contact ...`: supervisors change the order; the core does it, this asks."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.cli.agents import ask
from adapters.cli.login import login
from adapters.cli.output import Json, table

app = typer.Typer(no_args_is_help=True)
Contact = Annotated[str, typer.Argument(help="A contact's reference, as `status` shows it.")]
Reason = Annotated[str, typer.Option("--why", help="Why; the audit and the journal keep it.")]
Who = Annotated[str | None, typer.Option(help="Your name; default: your login's.")]


@app.command()
def regrade(
    contact: Contact,
    credit: Annotated[float, typer.Argument(min=0, help="Its head start, in seconds.")],
    why: Reason,
    who: Who = None,
    json: Json = False,
) -> None:
    """Give a contact another head start, more or less: its place follows. The audit has it."""
    answer = ask("contact regrade", contact=contact, credit=credit, who=who or login(), why=why)
    table(("contact", "queue", "state", "old", "credit"), [answer], as_json=json)


@app.command()
def hand(
    contact: Contact,
    agent: Annotated[str, typer.Argument(help="Who is to have it; they have to be free.")],
    why: Reason,
    who: Who = None,
    json: Json = False,
) -> None:
    """Hand a contact that waits to an agent, out of order: it rings there. The audit has it."""
    answer = ask("contact hand", contact=contact, agent=agent, who=who or login(), why=why)
    table(("contact", "queue", "agent"), [answer], as_json=json)
