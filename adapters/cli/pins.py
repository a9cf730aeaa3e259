"""`./hotline pin ...`: the PINs by which callers prove who they are. The core keeps them."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.cli.agents import ask
from adapters.cli.output import Json, fail, show

app = typer.Typer(no_args_is_help=True)
Number = Annotated[str, typer.Argument(help="The person's telephone number.")]
Why = Annotated[str, typer.Option(help="Why; it stands in the audit.")]
Who = Annotated[str | None, typer.Option(help="Who does it; default: your login's name.")]


@app.command("set")
def set_(number: Number, why: Why, who: Who = None, json: Json = False) -> None:
    """Give the person with this number a PIN; it is asked for here, twice, and not shown.

    A lock is taken off.
    """
    _do("pin set", why, who, json, number=number, **_asked_for())


def of_agent(what: str, agent: str, why: str, who: str | None, as_json: bool) -> None:
    """The same for the PIN of an agent: `set`, `remove` or `unlock`."""
    more = _asked_for() if what == "set" else {}
    _do(f"pin {what}", why, who, as_json, agent=agent, **more)


def _asked_for() -> dict[str, str]:
    """The salted hash of a PIN that is typed here."""
    from ivr.pins import kept

    typed = typer.prompt("New PIN", hide_input=True, confirmation_prompt="The same again")
    try:
        pin = kept(typed)
    except ValueError as fault:
        fail(str(fault))
    return {"salt": pin.salt, "digest": pin.digest}


@app.command()
def remove(number: Number, why: Why, who: Who = None, json: Json = False) -> None:
    """Take the person's PIN away: nobody is verified by it any more."""
    _do("pin remove", why, who, json, number=number)


@app.command()
def unlock(number: Number, why: Why, who: Who = None, json: Json = False) -> None:
    """Let a person try again whose PIN was locked by wrong answers."""
    _do("pin unlock", why, who, json, number=number)


def _do(what: str, why: str, who: str | None, as_json: bool, **whose: str) -> None:
    from adapters.cli.flow_publish import reason_or_fail
    from adapters.cli.login import login

    answer = ask(what, who=who or login(), why=reason_or_fail(why), **whose)
    if as_json:
        show(answer, as_json=True)
    else:
        print(f"done: {what}")
