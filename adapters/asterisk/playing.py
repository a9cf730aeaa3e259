"""What a line plays: recordings of prompts, as Asterisk names them."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from acd.model import Seconds
from voice.ports import Prompt, PromptStore, SpeechFailed

log = logging.getLogger(__name__)

MAKING: Seconds = 3.0
"""How long a caller may wait for a prompt that has not been recorded yet."""
BYTES_PER_SECOND = 16_000
PLAYABLE = re.compile(r"[\w/.@:+= -]+")


@asynccontextmanager
async def recordings(store: PromptStore, prompts: Sequence[Prompt]) -> AsyncIterator[list[str]]:
    """What to play now. What holds the caller's values is deleted when it has been played."""
    files = await made(store, prompts)
    try:
        yield names(files)
    finally:
        for prompt, path in zip(prompts, files, strict=True):
            if prompt.personal and path:
                path.unlink(missing_ok=True)


async def made(store: PromptStore, prompts: Sequence[Prompt]) -> list[Path | None]:
    """A prompt that cannot be made in time is left out: half a question is better than none.
    A question without a word begins with a dial tone."""
    return await asyncio.gather(*(_file(store, prompt) for prompt in prompts))


def names(files: Sequence[Path | None]) -> list[str]:
    """As Asterisk names them."""
    return [str(path.with_suffix("")) for path in files if path]


def length(files: Sequence[str]) -> Seconds:
    """How long it takes to play these."""
    sizes = [path.stat().st_size for name in files if (path := Path(f"{name}.wav")).exists()]
    return sum(sizes) / BYTES_PER_SECOND


async def _file(store: PromptStore, prompt: Prompt) -> Path | None:
    path = store.find(prompt)
    try:
        if path is None:
            path = await asyncio.wait_for(store.make(prompt), MAKING)
    except (SpeechFailed, TimeoutError) as failed:
        log.error("prompt left out", extra={"reason": str(failed) or "not made in time"})
        return None
    if not PLAYABLE.fullmatch(str(path)):
        log.error("prompt left out", extra={"reason": "asterisk cannot play from this folder"})
        return None
    return path
