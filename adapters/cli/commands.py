"""Every command of `./hotline`; each has `--help`, and imports what it does when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from adapters.cli import (
    agents,
    bench,
    call_exports,
    callers,
    calls,
    channels,
    chats,
    closure,
    contacts,
    exports,
    flows,
    pins,
    rules,
    suite,
    surveys,
    talk_control,
    talks,
)
from adapters.cli.output import Json, fail, settings_or_fail, show
from ivr.home import ROOT

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Besides: ./hotline setup prepares this machine, ./hotline uninstall undoes it.",
    help="Hotline answers an organisation's telephone and brings callers to the right person.",
)
app.add_typer(agents.app, name="agent", help="Log agents in and out, pause them, list them.")
app.add_typer(talks.app, name="talk", help="Hold, hand on, consult: what an agent does in a talk.")
app.add_typer(contacts.app, name="contact", help="Another head start, or an agent out of turn.")
app.add_typer(flows.app, name="flow", help="Check, try, test, publish flows; go back.")
app.add_typer(pins.app, name="pin", help="Set, remove, unlock PINs of callers.")
app.add_typer(rules.app, name="rules", help="Check the centre file; go by it without a restart.")
app.add_typer(exports.app, name="export", help="Write what the journal knows for other programs.")
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(suite.test)
exports.app.command("cdr")(call_exports.cdr)
exports.app.command("cel")(call_exports.cel)
exports.app.command("queue-log")(call_exports.queue_log)
app.add_typer(calls.app, name="calls", help="The history of calls; lost ones, and a callback.")
app.add_typer(callers.app, name="callers", help="Block callers, let callers through, list them.")
app.add_typer(channels.app, name="channel", help="Texts by SMS and webhooks: channels, secrets.")
app.add_typer(closure.app, name="closure", help="Close in an emergency, and open again.")
app.add_typer(talk_control.app, name="recording", help="Pause, resume, stop a talk's recording.")
app.add_typer(bench.app, name="bench", help="Measure; every figure comes with n, seed and machine.")

Language = Literal["en", "zh"]
Once = Annotated[bool, typer.Option("--once", help="End by itself, with an exit status.")]


def _address(text: str | None) -> str | None:
    from ivr.addresses import listen_address

    try:
        return text and listen_address(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None


@app.callback(invoke_without_command=True)
def entrance(
    version: Annotated[bool, typer.Option("--version", help="Show the version and end.")] = False,
) -> None:
    """Hotline answers an organisation's telephone and brings callers to the right person."""
    if version:
        show({"hotline": project_version()}, as_json=False)
        raise typer.Exit


def project_version() -> str:
    """The version in pyproject.toml."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version = "))


@app.command()
def run() -> None:
    """Run everything in the foreground until Ctrl-C: Asterisk, the core, the web service.

    Afterwards Asterisk goes on with its calls; `./hotline stop` ends it too.
    """
    from adapters.cli import start

    start.run()


@app.command()
def stop() -> None:
    """End everything, calls included."""
    from adapters.cli import state

    state.stop(settings_or_fail())


@app.command()
def status(json: Json = False) -> None:
    """Show what runs, who waits, and the agents."""
    from adapters.cli import state

    raise typer.Exit(state.status(settings_or_fail(), json))


@app.command()
def doctor(json: Json = False) -> None:
    """Examine this installation; name each fault with its remedy."""
    from adapters.cli import state

    raise typer.Exit(state.doctor(settings_or_fail(), json))


@app.command()
def demo(
    once: Once = False,
    listen: Annotated[
        str | None,
        typer.Option(help="Open SIP on this address for a real telephone.", callback=_address),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="Of the screen; default: the terminal's (LANG).")
    ] = None,
    json: Json = False,
) -> None:
    """Show the whole of it: callers dial in, wait, talk with agents; each leaves a ticket."""
    import asyncio

    from adapters.cli import demo as show_room

    settings = settings_or_fail()
    raise typer.Exit(asyncio.run(show_room.demo(settings, once, listen, json, language)))


@app.command()
def simulate(
    centre: Annotated[Path, typer.Argument(help="The rules: a centre file.")],
    trace: Annotated[Path, typer.Argument(help="The contacts: a line of JSON each.")],
    out: Annotated[Path, typer.Option(help="Where to write what becomes of each contact.")],
    rules: Annotated[
        Path | None, typer.Option(help="Another centre file, to compare with the first.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Where to draw the comparison; default: beside --out.")
    ] = None,
    json: Json = False,
) -> None:
    """Replay a trace of contacts under the rules of a centre file, on the engine of the service."""
    from adapters.cli import simulate as replay

    replay.simulate(centre, trace, out, rules, picture, json)


@app.command()
def why(
    contact: Annotated[str, typer.Argument(help="A contact's reference, as `status` shows it.")],
    json: Json = False,
) -> None:
    """Explain each offer of a contact: why this contact, why this agent."""
    from adapters.cli import why as explained

    explained.why(settings_or_fail(), contact, json)


@app.command()
def callbacks(
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Show whom to call; it stands in the audit.")
    ] = False,
    cancel: Annotated[
        str | None, typer.Option(help="Call nobody for this contact any more.")
    ] = None,
    now: Annotated[
        str | None, typer.Option(help="Try this contact at once, if the hours allow it.")
    ] = None,
    json: Json = False,
) -> None:
    """Show whom the house has promised to call back; cancel one, or try it at once."""
    from adapters.cli import callbacks as promised

    if cancel:
        promised.cancel(cancel, json)
    elif now:
        promised.try_now(now, json)
    else:
        promised.show_promised(numbers, json)


@app.command()
def call(
    agent: Annotated[str, typer.Argument(help="Who calls; their phone rings first.")],
    number: Annotated[str, typer.Argument(help="Whom they call.")],
    queue: Annotated[
        str | None, typer.Option(help="For which queue, whose number is shown; default: the first.")
    ] = None,
    json: Json = False,
) -> None:
    """Let an agent call somebody: the agent's phone rings, then the number is dialled."""
    show(agents.ask("agent call", agent=agent, number=number, queue=queue or ""), as_json=json)


@app.command()
def directory(json: Json = False) -> None:
    """Show agents, queues and destinations with their internal numbers, and who is there."""
    from adapters.cli import inside

    inside.show_directory(json)


@app.command()
def bounds(json: Json = False) -> None:
    """Show how long each class of customers can be overtaken by others."""
    from adapters.cli import why as explained

    explained.bounds(settings_or_fail(), json)


@app.command()
def messages(
    recording: Annotated[str | None, typer.Argument(help="One of the list, to be saved.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write it here, as a WAV file.")] = None,
    why: Annotated[str, typer.Option(help="Why you listen to it; the audit keeps it.")] = "",
    who: Annotated[str | None, typer.Option(help="Your name; default: your login's.")] = None,
    json: Json = False,
) -> None:
    """List the messages and recordings of callers; save one, to listen to it."""
    from adapters.cli import messages as left

    if (recording is None) != (save is None):
        fail("to listen to a message: ./hotline messages RECORDING --save FILE --why WHY")
    if recording and save:
        left.save(settings_or_fail(), recording, save, why, who)
    else:
        left.show_all(settings_or_fail(), json)


app.command("surveys")(surveys.show_figures)
app.command("listen")(talk_control.listen)
app.command("take-over")(talk_control.take_over)
app.command("recordings")(talk_control.recordings)
app.command("outbox")(channels.outbox)
app.command("chats")(chats.open_chats)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The archive to write.")],
    with_keys: Annotated[bool, typer.Option(help="Put the master key into it too.")] = False,
) -> None:
    """Write one consistent archive of all state, also while everything runs."""
    from adapters.cli import state

    state.backup(settings_or_fail(), target, with_keys)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="An archive that `backup` wrote.")],
    replace: Annotated[bool, typer.Option(help="Put aside the state that is there.")] = False,
    master_key: Annotated[
        Path | None, typer.Option(help="The file with the key that the archive was made under.")
    ] = None,
) -> None:
    """Bring an archive's state back; nothing may run meanwhile."""
    from adapters.cli import state

    state.restore(settings_or_fail(), source, replace, master_key)
