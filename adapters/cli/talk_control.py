"""`./hotline recording ...`, `recordings` and `listen`: the core does it, this asks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli.agents import ask
from adapters.cli.login import login
from adapters.cli.output import Json, fail, settings_or_fail, table
from ivr.settings import Settings

app = typer.Typer(no_args_is_help=True)
Of = Annotated[str, typer.Argument(help="An agent's id, or a contact's reference.")]
TALK_RECORDED = ("TalkRecorded",)
COLUMNS = ("at", "contact", "part", "seconds", "customer", "agent")


@app.command()
def pause(of: Of, json: Json = False) -> None:
    """Record nothing, take no keys, let nobody listen: until `resume`, or the end of the talk."""
    _told("recording pause", of, json)


@app.command()
def resume(of: Of, json: Json = False) -> None:
    """Go on recording after a pause."""
    _told("recording resume", of, json)


@app.command()
def stop(of: Of, json: Json = False) -> None:
    """Record nothing more of this talk."""
    _told("recording stop", of, json)


def listen(
    agent: Annotated[str, typer.Argument(help="Whose talk.")],
    phone: Annotated[str, typer.Option("--from", help="Your telephone, out of `listeners`.")],
    whisper: Annotated[bool, typer.Option("--whisper", help="Speak with the agent.")] = False,
    barge: Annotated[bool, typer.Option("--barge", help="Speak with both.")] = False,
    who: Annotated[str | None, typer.Option(help="Your name; default: your login's.")] = None,
    json: Json = False,
) -> None:
    """Hear an agent's talk on your telephone: it rings. The audit has it before."""
    if whisper and barge:
        fail("either --whisper or --barge")
    how = "whisper" if whisper else "barge" if barge else "listen"
    answer = ask("listen", of=agent, phone=phone, how=how, who=who or login())
    table(("agent", "contact", "phone", "how"), [answer], as_json=json)


def take_over(
    agent: Annotated[str, typer.Argument(help="Whose talk.")],
    phone: Annotated[str, typer.Option("--from", help="Your telephone, which listens to it.")],
    why: Annotated[str, typer.Option("--why", help="Why; the audit keeps it.")],
    who: Annotated[str | None, typer.Option(help="Your name; default: your login's.")] = None,
    json: Json = False,
) -> None:
    """Have the caller whose talk you listen to; the agent is let go. The audit has it before."""
    answer = ask("take over", of=agent, phone=phone, who=who or login(), why=why)
    columns = ("agent", "contact", "state", "queue", "confirmed")
    table(columns, [answer], as_json=json)


def recordings(
    recording: Annotated[str | None, typer.Argument(help="One of the list, to be saved.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write it here, as a WAV file.")] = None,
    why: Annotated[str, typer.Option(help="Why you listen to it; the audit keeps it.")] = "",
    who: Annotated[str | None, typer.Option(help="Your name; default: your login's.")] = None,
    json: Json = False,
) -> None:
    """List the recorded talks, both directions apart; save one, to listen to it."""
    from adapters.cli import messages

    if (recording is None) != (save is None):
        fail("to listen to a talk: ./hotline recordings RECORDING --save FILE --why WHY")
    if recording and save:
        messages.save(settings_or_fail(), recording, save, why, who)
    else:
        _show_all(settings_or_fail(), json)


def _show_all(settings: Settings, as_json: bool) -> None:
    """Every part of every talk, the oldest first: ids only."""
    from adapters.cli.messages import records_of
    from ivr.ports import StoreFailed, StoreRefused

    try:
        found = asyncio.run(records_of(settings, TALK_RECORDED))
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))
    rows: dict[str, dict[str, Any]] = {}
    for record in found:  # twice with one key is once
        at = datetime.fromtimestamp(record.at, UTC).isoformat(timespec="seconds")
        known = {name: record.data[name] for name in ("part", "seconds", "customer", "agent")}
        rows.setdefault(record.data["effect"], {"at": at, "contact": record.contact, **known})
    if as_json:
        table((), list(rows.values()), as_json=True)
        return
    for row in rows.values():  # in whole, however narrow the screen: to be copied
        print("  ".join(str(row[name]) for name in COLUMNS))
    if not rows:
        print("no talk has been recorded")


def _told(what: str, of: str, as_json: bool) -> None:
    answer = ask(what, of=of, who=login())
    table(("contact", "recording"), [answer], as_json=as_json)
