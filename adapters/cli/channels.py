"""`./hotline channel ...`: channels beside the telephone, their secrets, and texts to customers."""

from __future__ import annotations

import base64
import os
import secrets
from collections import Counter
from typing import Annotated

import typer

from adapters.cli.agents import ask
from adapters.cli.login import login
from adapters.cli.output import Json, fail, settings_or_fail, show, table

app = typer.Typer(no_args_is_help=True)
Channel = Annotated[str, typer.Argument(help="A channel of the site file.")]
COLUMNS = ("channel", "kind", "queue", "receives_at", "sends_to", "waiting")
OPEN_COLUMNS = ("text", "channel", "state", "contact")
KEY_BYTES = 32


@app.command("list")
def list_(json: Json = False) -> None:
    """Show every channel of the site file, and how many texts wait to be sent by it."""
    from adapters.stores.outbox import TEXTS, FileOutbox
    from ivr.ports import StoreRefused

    settings = settings_or_fail()
    try:
        waits = FileOutbox(settings.data, TEXTS).waiting()
        waiting = Counter(str(one.outgoing.data.get("channel")) for one in waits)
    except (OSError, StoreRefused) as fault:
        fail(str(fault))
    rows = [
        {"channel": name, "kind": entry.kind, "queue": entry.queue, "receives_at": f"/hooks/{name}",
         "sends_to": entry.url or "", "waiting": waiting[name]}
        for name, entry in settings.site.channels.items()
    ]  # fmt: skip
    if not rows and not json:
        print("there is no channel beside the telephone: `channels` in site.yaml names them")
        return
    table(COLUMNS, rows, as_json=json)


@app.command()
def send(
    channel: Channel,
    text: Annotated[str, typer.Option(help="What the customer is to read.")],
    number: Annotated[str | None, typer.Option(help="Their number, for SMS.")] = None,
    customer: Annotated[str | None, typer.Option(help="Or their id: per_...")] = None,
    json: Json = False,
) -> None:
    """Write to a customer. It is sent within a second or two if the channel takes it."""
    if (number is None) == (customer is None):
        fail("name the customer: --number NUMBER, or --customer ID")
    whom = {"number": number} if number else {"person": customer}
    answer = ask("text send", channel=channel, words=text, who=login(), **whom)
    show({"text": answer["text"], "state": answer["state"]}, as_json=json)


@app.command()
def texts(json: Json = False) -> None:
    """List texts of which the end is not known: queued, or sent and not yet delivered."""
    found = ask("texts")["texts"]
    if not found and not json:
        print("no text is under way")
        return
    table(OPEN_COLUMNS, found, as_json=json)


@app.command()
def secret(
    channel: Annotated[str, typer.Argument(help="The channel's name, now or later.")],
    new: Annotated[bool, typer.Option("--new", help="Another one, to change to.")] = False,
    json: Json = False,
) -> None:
    """Make the secret that a channel's other side signs with, in a file of the secrets folder."""
    from pydantic import TypeAdapter, ValidationError

    from ivr.keys import Name

    try:
        TypeAdapter(Name).validate_python(channel)
    except ValidationError:
        fail("a channel's name has letters, digits, - and _, 32 at most")
    folder = settings_or_fail().secrets
    name = f"channel-{channel}" + (".new" if new else "")
    made = "whsec_" + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fail(f"{folder / name} is there already: --new makes one to change to, or remove it")
    with os.fdopen(handle, "w") as file:
        file.write(made + "\n")
    write = f'secrets: ["${{file:secrets/{name}}}"]'
    show({"secret in": str(folder / name), "write": write}, as_json=json)


def outbox(
    again: Annotated[bool, typer.Option("--again", help="Try what failed once more.")] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Remove what failed, and what nobody sends.")
    ] = False,
    json: Json = False,
) -> None:
    """List what waits to be sent out, and what failed: ids only, nothing personal."""
    from adapters.cli import outgoing

    if again and drop:
        fail("--again or --drop, not both")
    settings = settings_or_fail()
    if again:
        outgoing.send_again(settings)
    elif drop:
        outgoing.drop(settings)
    else:
        outgoing.show_waiting(settings, json)
