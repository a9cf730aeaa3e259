"""What the product needs of speech engines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something to say: text in one language (`zh`, `en`), or a recording of that text."""

    text: str
    language: str
    recorded: Path | None = None
    """A WAV file that is played in place of synthesised speech; it always wins."""
    personal: bool = False
    """Whether the text holds something of the caller's: then its recording is not kept."""


class PromptStore(Protocol):
    """Spoken prompts, kept by their content."""

    def find(self, prompt: Prompt) -> Path | None:
        """The telephone recording (8 kHz, 16 bit, mono WAV) if it has been made already."""

    async def make(self, prompt: Prompt) -> Path:
        """The recording, made now if need be; raises `SpeechFailed` within its deadline.

        That of a personal prompt is made each time, and deleted by whoever asked for it.
        """


class SpeechFailed(Exception):
    """No recording could be made; the message says why and what to do."""
