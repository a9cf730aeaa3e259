"""`./hotline flow hear`: what a flow's file says, as sound files, before any caller hears it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.flow_show import draft
from adapters.cli.output import Json, fail, settings_or_fail, table

if TYPE_CHECKING:
    from ivr.flow import Flow
    from voice.ports import Prompt
    from voice.prompts import PromptFolder


def hear(
    name: Annotated[str, typer.Argument(help="The flow.")],
    into: Annotated[Path, typer.Option(help="The folder for the sound files; made if need be.")],
    step: Annotated[
        list[str] | None, typer.Option(help="This step alone; may be given again. Default: all.")
    ] = None,
    json: Json = False,
) -> None:
    """Write what the flow's file says as WAV files, just as telephones will play it."""
    from ivr.faults import meant
    from voice.prompts import PromptFolder

    settings = settings_or_fail()
    flow, steps = draft(settings, name), step or []
    for unknown in (one for one in steps if one not in flow.steps):
        fail(f"flow {name} has no step {unknown!r}{meant(unknown, flow.steps)}")
    said = dict(_said(flow, steps or [*flow.steps]))
    lost = asyncio.run(_write(PromptFolder(settings.prompts), said, into))
    rows = [
        {"file": file, "says": prompt.text, "missing": _why(prompt, lost)}
        for file, prompt in said.items()
    ]
    table(("file", "says", "missing"), rows, as_json=json)
    if lost:
        fail(f"{len(lost)} of {len(said)} could not be made")


def _said(flow: Flow, steps: list[str]) -> Iterator[tuple[str, Prompt]]:
    """Everything that these steps say, by the name of its file: step, field, language."""
    from ivr.flow import prompt

    for name in steps:
        for field, spoken in flow.steps[name].spoken():
            for language in flow.languages:
                yield ".".join((name, *field, language, "wav")), prompt(spoken, language)


async def _write(
    store: PromptFolder, said: Mapping[str, Prompt], into: Path
) -> Mapping[Prompt, str]:
    """Make them and put them there; those that could not be made, with the reason."""
    ready = {file: prompt for file, prompt in said.items() if not _is_open(prompt)}
    missing = [one for one in dict.fromkeys(ready.values()) if store.find(one) is None]
    lost = await store.make_all(missing)
    try:
        into.mkdir(parents=True, exist_ok=True)
        for file, prompt in ready.items():
            if made := store.find(prompt):
                shutil.copyfile(made, into / file)
    except OSError as error:
        fail(f"{into}: {error.strerror}")
    return lost


def _is_open(prompt: Prompt) -> bool:
    """Whether the text holds something that only a call has."""
    return not prompt.recorded and "{" in prompt.text


def _why(prompt: Prompt, lost: Mapping[Prompt, str]) -> str:
    return "holds a caller's value" if _is_open(prompt) else lost.get(prompt, "")
