"""`./hotline agent ...`: the core does it, this asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from adapters.cli.login import login as login_name
from adapters.cli.output import Json, fail, settings_or_fail, table

app = typer.Typer(no_args_is_help=True)
Agent = Annotated[str, typer.Argument(help="The agent's id, which is also the phone's name.")]
COLUMNS = ("agent", "state", "reason", "phone", "queues", "contact")


def ask(what: str, **fields: Any) -> Mapping[str, Any]:
    """The core's answer, or one sentence why there is none."""
    import asyncio

    from adapters.control.client import CoreClient
    from ivr.ports import CoreAway, CoreRefused

    try:
        return asyncio.run(CoreClient(settings_or_fail().core_socket).ask(what, **fields))
    except CoreAway as away:
        fail(f"{away}; is it running? ./hotline run starts it")
    except CoreRefused as refusal:
        fail(str(refusal))


@app.command("list")
def list_(json: Json = False) -> None:
    """Show every agent and what they do now."""
    table(COLUMNS, ask("agents")["agents"], as_json=json)


@app.command()
def login(
    agent: Agent,
    queue: Annotated[
        list[str] | None, typer.Option(help="Only this queue (repeat for more).")
    ] = None,
    pause: Annotated[bool, typer.Option(help="Log in without being ready yet.")] = False,
    json: Json = False,
) -> None:
    """Log an agent in, ready for contacts."""
    answer = ask("agent login", agent=agent, queues=queue or [], ready=not pause)
    table(COLUMNS, [answer], as_json=json)


@app.command()
def pause(
    agent: Agent,
    reason: Annotated[str, typer.Argument(help="Why, as statistics will show it.")] = "break",
    json: Json = False,
) -> None:
    """Take an agent off for a break; in a talk, after it."""
    table(COLUMNS, [ask("agent pause", agent=agent, reason=reason)], as_json=json)


@app.command()
def ready(agent: Agent, json: Json = False) -> None:
    """End a break or the wrap-up."""
    table(COLUMNS, [ask("agent ready", agent=agent)], as_json=json)


@app.command()
def pickup(
    agent: Agent,
    colleague: Annotated[str, typer.Argument(help="At whose phone it rings.")],
    who: Annotated[str | None, typer.Option(help="Your name; default: your login's.")] = None,
    json: Json = False,
) -> None:
    """Take what rings at a colleague: it rings at this agent instead. The audit has it."""
    answer = ask("agent pickup", agent=agent, colleague=colleague, who=who or login_name())
    table(("agent", "colleague", "contact"), [answer], as_json=json)


@app.command()
def pin(
    agent: Agent,
    why: Annotated[str, typer.Option(help="Why; it stands in the audit.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the PIN away.")] = False,
    unlock: Annotated[bool, typer.Option("--unlock", help="Let them try again.")] = False,
    who: Annotated[str | None, typer.Option(help="Who does it; default: your login's.")] = None,
    json: Json = False,
) -> None:
    """Give an agent the PIN by which they log in at any telephone (*70): asked for here, twice."""
    from adapters.cli import pins

    if remove and unlock:
        fail("either --remove or --unlock")
    pins.of_agent("remove" if remove else "unlock" if unlock else "set", agent, why, who, json)


@app.command()
def logout(agent: Agent, json: Json = False) -> None:
    """Log an agent off; in a talk, after it."""
    table(COLUMNS, [ask("agent logout", agent=agent)], as_json=json)
