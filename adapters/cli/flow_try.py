"""`./hotline flow try`: walk through a flow in the terminal, as a caller, without Asterisk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.flow_test import callers_or_fail, premises_or_fail
from adapters.cli.output import Json, fail, show

if TYPE_CHECKING:
    from acd.model import Seconds
    from adapters.cli.told_call import Tell
    from ivr.rehearsal.stage import Premises, Role, Walk
    from ivr.transfers import Rung


Transfer = Annotated[
    str | None, typer.Option(help="How transfers end, as an outcome; default: done.")
]
Chat = Annotated[
    bool, typer.Option("--chat", help="Come as a customer who writes in a chat: type words.")
]


def walk(
    name: Annotated[str, typer.Argument(help="The flow.")],
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="CALLER", help="Come as this scripted caller; you type."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Of the dialled number; default: as in the site file.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help='When; default: "2026-03-02 10:00", a Monday.')
    ] = None,
    pin: Annotated[
        str | None, typer.Option(help="Of the caller: digits, `locked` or `away`; default: none.")
    ] = None,
    caller_number: Annotated[
        str | None, typer.Option(help="Of the caller, as signalled; default: withheld.")
    ] = None,
    transfer: Transfer = None,
    chat: Chat = False,
    json: Json = False,
) -> None:
    """Walk through a flow as a caller: keys, an empty line for silence, `speaks 5`, `hang up`."""
    from dataclasses import replace

    from adapters.cli import told_call
    from ivr.rehearsal.stage import Stage

    premises, tell = premises_or_fail(), _telling(json)
    _refuse_names(premises, name, language)
    known = _caller(premises, name, as_, tell)
    by_text = chat or known.chat
    role = replace(
        known, chat=by_text, acts=told_call.written() if by_text else told_call.typed(tell),
        at=_when(premises, at) or known.at,
        language=language or known.language, pin=pin or known.pin,
        caller_number=caller_number or known.caller_number,
        transfers={} if transfer else known.transfers, transfer=_end_of(transfer or known.transfer),
    )  # fmt: skip
    tell(f"You type {told_call.HOW_WRITTEN if by_text else told_call.HOW}.", True)
    with Stage(premises) as stage:
        walked = told_call.play(stage, role, tell)
    if json:
        _print_json(walked)
    _end(walked, tell)


def _telling(json: bool) -> Tell:
    """With JSON, standard output is for that alone."""

    def tell(line: str, aside: bool) -> None:
        if aside:
            typer.secho(line, dim=True, err=json)
        elif not json:
            typer.echo(line)

    return tell


def _refuse_names(premises: Premises, name: str, language: str | None) -> None:
    from ivr.faults import meant

    if why := premises.why_not(name):
        fail(why)
    known = premises.flows[name].languages
    if language and language not in known:
        fail(f"--language: {language!r} is not spoken here{meant(language, known)}")


def _caller(premises: Premises, flow: str, name: str | None, tell: Tell) -> Role:
    """The scripted caller of this name, or one of whom nothing is known."""
    from ivr.rehearsal.stage import Role

    if name is None:
        return Role(flow)
    known = [one for one in callers_or_fail(premises) if one.role.flow == flow]
    if not known:
        fail(f"--as: {flow} has no scripted callers: write data/flows/tests/{flow}.yaml")
    found = next((one.role for one in known if one.name == name), None)
    if found is None:
        names = "\n".join(f"  {one.name}" for one in known)
        fail(f"--as: {flow} has no caller {name!r}; there are:\n{names}")
    tell(f"In the test, {name!r} does: {', '.join(found.acts) or 'nothing'}.", True)
    return found


def _end_of(transfer: str) -> Rung:
    from ivr.faults import meant
    from ivr.transfers import Rung

    if transfer not in [*Rung]:
        fail(f"--transfer: a transfer does not end in {transfer!r}{meant(transfer, [*Rung])}")
    return Rung(transfer)


def _when(premises: Premises, at: str | None) -> Seconds | None:
    from ivr.rehearsal.form import at as instant

    try:
        return instant(at, premises.zone()) if at else None
    except ValueError as fault:
        fail(f"--at {fault}")


def _end(walked: Walk, tell: Tell) -> None:
    """Say what came of it; a call that broke off is a failure."""
    from ivr.rehearsal.stage import BROKE_OFF

    for service in dict.fromkeys(walked.unmocked):
        tell(f"Nothing outside is asked here: {service} ended in `failed`.", True)
    if walked.ends == BROKE_OFF:
        fail(f"the call broke off: {walked.fault or 'the flow is over, but the call is not'}")
    where = f" in {walked.queue}" if walked.queue else ""
    tell(f"[{walked.ends}{where}]", True)


def _print_json(walked: Walk) -> None:
    told = {
        "trail": walked.trail,
        "heard": [prompt.text for prompt in walked.heard],
        "does": walked.done,
        "ends": walked.ends,
        "queue": walked.queue or None,
        "language": walked.language,
    }
    show(told, as_json=True)
