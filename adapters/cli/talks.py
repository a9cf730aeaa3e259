"""`./hotline talk ...`: what an agent does with a talk; the core does it, this asks."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from adapters.cli.agents import Agent, ask
from adapters.cli.output import Json, show, table

app = typer.Typer(no_args_is_help=True)
COLUMNS = ("agent", "contact", "state", "queue", "consulted", "confirmed")
Other = Annotated[str, typer.Argument(help="The agent who is asked.")]


def _show(what: str, agent: str, as_json: bool, **fields: Any) -> None:
    table(COLUMNS, [ask(f"talk {what}", agent=agent, **fields)], as_json=as_json)


@app.command()
def hold(agent: Agent, json: Json = False) -> None:
    """Leave the caller to the music; the agent keeps the talk."""
    _show("hold", agent, json)


@app.command()
def resume(agent: Agent, json: Json = False) -> None:
    """Speak with the caller again."""
    _show("resume", agent, json)


@app.command()
def transfer(
    agent: Agent,
    to_agent: Annotated[str | None, typer.Option(help="An agent who is ready.")] = None,
    to_queue: Annotated[str | None, typer.Option(help="A queue; the caller's place stays.")] = None,
    to_destination: Annotated[
        str | None, typer.Option(help="A telephone of `destinations` in the site file.")
    ] = None,
    to_number: Annotated[str | None, typer.Option(help="A number outside.")] = None,
    json: Json = False,
) -> None:
    """Hand the caller on without a word; the agent's own part ends at once."""
    targets = {
        "to_agent": to_agent, "to_queue": to_queue, "to_destination": to_destination,
        "to_number": to_number,
    }  # fmt: skip
    _show("transfer", agent, json, **{name: to for name, to in targets.items() if to})


@app.command()
def consult(agent: Agent, other: Other, json: Json = False) -> None:
    """Ask another agent, while the caller hears music."""
    _show("consult", agent, json, to_agent=other)


@app.command()
def swap(agent: Agent, json: Json = False) -> None:
    """From the agent who is asked to the caller, and back."""
    _show("swap", agent, json)


@app.command()
def conference(agent: Agent, json: Json = False) -> None:
    """Caller and both agents together."""
    _show("conference", agent, json)


@app.command()
def dispositions(agent: Agent, json: Json = False) -> None:
    """Show what the agent's talk may have come to, and until when wrap-up waits for it."""
    answer = ask("talk dispositions", agent=agent)
    if json:
        show(answer, as_json=True)
        return
    rows = [{"code": code, **words} for code, words in answer["dispositions"].items()]
    languages = list(dict.fromkeys(name for row in rows for name in row))
    table(languages or ("code",), rows, as_json=False)


@app.command()
def disposition(
    agent: Agent,
    code: Annotated[str, typer.Argument(help="One of the queue's `dispositions`.")],
    contact: Annotated[
        str | None, typer.Option(help="Its reference, if the agent has several.")
    ] = None,
    json: Json = False,
) -> None:
    """Say what the talk came to: while it goes on, or during wrap-up."""
    answer = ask("talk disposition", agent=agent, code=code, contact=contact)
    table(("agent", "contact", "queue", "code", "state"), [answer], as_json=json)


@app.command()
def complete(agent: Agent, json: Json = False) -> None:
    """Leave: the agent who was asked has the caller from now on."""
    _show("complete", agent, json)


@app.command()
def cancel(agent: Agent, json: Json = False) -> None:
    """Let the agent who is asked go, and speak with the caller."""
    _show("cancel", agent, json)
