"""Synthesis by pyttsx3 with the espeak-ng library and data of the `espeakng-loader` wheel.

Only for a process that speaks one prompt and ends: espeak keeps state that spoils the next prompt
(empty files, wrong rate, a loop that never returns). pyttsx3's own `runAndWait` returns before
the file is written and turns faults into silence, so its driver is waited for and looked at here.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader

from voice.ports import SpeechFailed


@dataclass(frozen=True, slots=True)
class Voice:
    """An espeak voice; `rate` in words a minute."""

    name: str
    rate: int


VOICES = {"zh": Voice("cmn", 165), "en": Voice("en-us", 155)}


def speak(text: str, language: str, target: Path) -> None:
    """Write `text` as a 22,050 Hz mono WAV file; raises `SpeechFailed`. Call once a process."""
    voice = VOICES.get(language)
    if voice is None:
        known = ", ".join(VOICES)
        raise SpeechFailed(
            f"no voice for language {language!r} (there are: {known}); use recordings for it"
        )
    _use_library_of_wheel()
    with contextlib.redirect_stdout(sys.stderr):  # the driver prints what it saves
        _drive(voice, text, target)


def _use_library_of_wheel() -> None:
    """pyttsx3 then finds the library loaded already and looks for none of the system's."""
    os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)


def _drive(voice: Voice, text: str, target: Path) -> None:
    import pyttsx3  # only now: importing it loads the library
    from pyttsx3.drivers import _espeak

    engine = pyttsx3.init("espeak")
    finished = threading.Event()
    errors: list[object] = []
    engine.connect("finished-utterance", lambda **_: finished.set())
    engine.connect("error", lambda **fields: errors.append(fields.get("exception")))
    driver = engine.proxy._driver  # the engine's own setters are queued and race with the speech
    driver.setProperty("voice", voice.name)
    _espeak.Synchronize()
    driver.setProperty("rate", voice.rate)
    _espeak.Synchronize()
    if not str(driver.getProperty("voice") or "").endswith(voice.name):
        raise SpeechFailed(f"espeak has no voice {voice.name!r}; is the wheel's data complete?")
    engine.save_to_file(text, str(target))
    engine.runAndWait()
    if not finished.wait(20) or errors or not target.exists():
        raise SpeechFailed(f"espeak did not finish: {errors or 'no sound was written'}")
