"""Everything that can be said, made into recordings before the first caller hears it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from ivr.flow import Flow
from ivr.waiting import WAIT
from voice.phrases import LONGER, waiting_times
from voice.ports import Prompt, SpeechFailed
from voice.prompts import Made, PromptFolder, make_missing, put_music, put_named


def spoken_by(flow: Flow) -> Iterator[Prompt]:
    """Every prompt that the flow can come to, each waiting time filled in."""
    for prompt in flow.prompts():
        if WAIT not in prompt.text:
            yield prompt
            continue
        yield Prompt(LONGER[prompt.language], prompt.language)
        for words in waiting_times(prompt.language):
            yield replace(prompt, text=prompt.text.replace(WAIT, words))


def named_prompts(file: Path, languages: Iterable[str]) -> list[tuple[str, Prompt]]:
    """The prompts that the dialplan plays by name, from `name: {zh: ..., en: ...}`."""
    texts = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [
        (name, Prompt(by_language[language], language))
        for name, by_language in texts.items()
        for language in languages
        if language in by_language
    ]


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the dialplan looks for what it plays by itself."""

    sounds: Path
    """`sounds/LANGUAGE/NAME.wav`"""
    music: Path


async def make_all(
    store: PromptFolder, flows: Iterable[Flow], named: list[tuple[str, Prompt]], targets: Targets
) -> Made:
    """Make what is missing and put the dialplan's own files in place; faults are in the report."""
    prompts = [prompt for _, prompt in named]
    for flow in flows:
        prompts += spoken_by(flow)
    done = await make_missing(store, prompts)
    put_named(store, named, targets.sounds)
    try:
        await put_music(targets.music)
    except SpeechFailed as fault:
        done.failed.append(f"hold music: {fault}")
    return done
