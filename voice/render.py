"""A process that makes recordings and ends: `python -m voice.render`, orders on stdin as JSON.

`[{"text", "language", "recorded", "target"}, ...]`: `recorded` is the path of a recording to
convert, or null to synthesise. Answers on stdout with a list of as many faults, empty where
`target` is there. Each is made by a fork of its own, so that loading the libraries is paid for
once and espeak still speaks one prompt a process.
"""

from __future__ import annotations

import json
import signal
import sys
import wave
from multiprocessing import TimeoutError, get_context
from multiprocessing.pool import AsyncResult
from pathlib import Path

from voice import audio
from voice.engines import pyttsx3_engine
from voice.ports import SpeechFailed

AT_ONCE = 2
SECONDS_EACH, SECONDS_IN_ALL = 10, 900
"""After which a process ends itself, even if whoever ordered is gone."""
SHORTEST_SOUND = 0.03
"""Seconds of speech per letter below which it cannot be the whole text."""


def render(text: str, language: str, recorded: Path | None, target: Path) -> None:
    """Make the telephone recording of one prompt; raises `SpeechFailed`."""
    try:
        if recorded:
            sound = audio.for_telephone(*audio.read_wav(recorded))
        else:
            sound = _synthesise(text, language, target.with_name(f"{target.name}.raw"))
        audio.write_wav(sound, target)
    except (OSError, EOFError, ValueError, wave.Error) as fault:
        raise SpeechFailed(f"{recorded.name if recorded else 'espeak'}: {fault}") from fault


def _synthesise(text: str, language: str, raw: Path) -> audio.Samples:
    """`raw`: where the synthesiser writes, beside the prompt: a killed one leaves nothing elsewhere
    on the machine."""
    try:
        raw.touch()  # where nothing can be written the synthesiser would hang
        pyttsx3_engine.speak(text, language, raw)
        sound = audio.for_telephone(*audio.read_wav(raw))
    finally:
        raw.unlink(missing_ok=True)
    letters = sum(letter.isalnum() for letter in text)
    if len(sound) / audio.TELEPHONE_RATE < SHORTEST_SOUND * letters:
        raise SpeechFailed(f"the speech is too short for {letters} letters")
    return sound


def fault_in(order: dict[str, str | None]) -> str:
    """Carry out one order; what went wrong, empty if nothing. Ends its process if it hangs."""
    signal.alarm(SECONDS_EACH)
    recorded, target = order["recorded"], Path(str(order["target"]))
    try:
        render(
            str(order["text"]), str(order["language"]), Path(recorded) if recorded else None, target
        )
    except SpeechFailed as fault:
        return str(fault)
    return ""


def main() -> None:
    signal.alarm(SECONDS_IN_ALL)
    orders = json.load(sys.stdin)
    with get_context("fork").Pool(min(AT_ONCE, len(orders)), maxtasksperchild=1) as pool:
        answers = [pool.apply_async(fault_in, (order,)) for order in orders]
        json.dump([_fault(answer) for answer in answers], sys.stdout)


def _fault(answer: AsyncResult[str]) -> str:
    try:
        return answer.get(SECONDS_EACH + 1)
    except TimeoutError:  # the pool does not miss a worker that was killed
        return f"it did not end within {SECONDS_EACH} s"


if __name__ == "__main__":
    main()
