"""A process that makes one recording and ends: `python -m voice.render`, one JSON object on stdin.

`{"text", "language", "recorded", "target"}`: `recorded` is the path of a recording to convert, or
null to synthesise. Exit status 0 when `target` is there; else the last line of stderr says why.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import wave
from pathlib import Path

from voice import audio
from voice.engines import pyttsx3_engine
from voice.ports import SpeechFailed

SHORTEST_SOUND = 0.03
"""Seconds of speech per letter below which it cannot be the whole text."""


def render(text: str, language: str, recorded: Path | None, target: Path) -> None:
    """Make the telephone recording of one prompt; raises `SpeechFailed`."""
    try:
        if recorded:
            sound = audio.for_telephone(*audio.read_wav(recorded))
        else:
            sound = _synthesise(text, language)
        audio.write_wav(sound, target)
    except (OSError, EOFError, ValueError, wave.Error) as fault:
        raise SpeechFailed(f"{recorded.name if recorded else 'espeak'}: {fault}") from fault


def _synthesise(text: str, language: str) -> audio.Samples:
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        raw = Path(folder) / "raw.wav"
        pyttsx3_engine.speak(text, language, raw)
        sound = audio.for_telephone(*audio.read_wav(raw))
    letters = sum(letter.isalnum() for letter in text)
    if len(sound) / audio.TELEPHONE_RATE < SHORTEST_SOUND * letters:
        raise SpeechFailed(f"the speech is too short for {letters} letters")
    return sound


def main() -> int:
    order = json.load(sys.stdin)
    recorded = order["recorded"] and Path(order["recorded"])
    try:
        render(order["text"], order["language"], recorded, Path(order["target"]))
    except SpeechFailed as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # espeak does not survive an orderly end of the interpreter
