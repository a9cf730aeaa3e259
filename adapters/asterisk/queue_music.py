"""Hold music of single queues, by language: from the installation's folders to Asterisk's classes.

Files are copied to where Asterisk's user can read them; a file that it could not play is refused
before anything starts.
"""

from __future__ import annotations

import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

from adapters.asterisk.site_values import BadPlace
from ivr.queue_music import ANY_LANGUAGE
from ivr.settings import Settings

PLAYED = (".wav", ".ulaw", ".alaw")
FOLDER = "moh-queues"
"""Below the folder of what can be made again."""
OURS = "default"
"""The class of the music that all other queues have."""
RATE, BYTES, CHANNELS = 8000, 2, 1


def sources(settings: Settings) -> dict[str, Path]:
    """The folder of each class that has music of its own; classes are `QUEUE-LANGUAGE`."""
    found: dict[str, Path] = {}
    for queue, folders in settings.site.music.items():
        for language in settings.site.languages:
            if folder := folders.get(language) or folders.get(ANY_LANGUAGE):
                found[f"{queue}-{language}"] = (settings.data / folder).resolve()
    return found


def values(settings: Settings) -> dict[str, str]:
    """The classes, and which queue has which: for `musiconhold.conf` and `extensions.conf`."""
    own = sources(settings)
    classes = [
        f"[{name}]\nmode = files\ndirectory = {settings.run / FOLDER / name}\n" for name in own
    ]
    queues = [
        f"MUSIC_{queue}_{language}={name if (name := f'{queue}-{language}') in own else OURS}"
        for queue in settings.centre.queues
        for language in settings.site.languages
    ]
    return {"QUEUE_MUSIC": "\n".join(classes), "MUSIC_OF_QUEUES": "\n".join(queues)}


def put(settings: Settings) -> None:
    """Copy what is to be played, and remove what is not any more; `BadPlace` with every fault."""
    wanted = sources(settings)
    faults = sorted({fault for folder in wanted.values() for fault in _faults(folder)})
    if faults:
        raise BadPlace("\n".join(faults))
    whole = settings.run / FOLDER
    for name, folder in wanted.items():
        _copy(folder, whole / name)
    for stale in whole.iterdir() if whole.exists() else ():
        if stale.name not in wanted:
            shutil.rmtree(stale)


def _faults(folder: Path) -> Iterator[str]:
    files = _files(folder)
    if not files:
        yield f"site.yaml: music: there is nothing to play in {folder} ({', '.join(PLAYED)})"
    for file in files:
        if file.suffix == ".wav" and (fault := _fault(file)):
            yield f"site.yaml: music: {file}: {fault}"


def _files(folder: Path) -> list[Path]:
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in inside if file.suffix in PLAYED and file.is_file()]


def _fault(file: Path) -> str:
    try:
        with wave.open(str(file)) as sound:
            form = (sound.getframerate(), sound.getsampwidth(), sound.getnchannels())
    except (OSError, EOFError, wave.Error) as fault:
        return f"is no WAV file that can be read: {fault}"
    wanted = "must be 8000 Hz, 16 bit, one channel"
    return "" if form == (RATE, BYTES, CHANNELS) else wanted


def _copy(source: Path, target: Path) -> None:
    """A file is there whole: calls may be playing the one before."""
    target.mkdir(mode=0o755, parents=True, exist_ok=True)
    names = set()
    for file in _files(source):
        spare = target / f".{file.name}.part"
        shutil.copyfile(file, spare)
        spare.chmod(0o644)
        spare.replace(target / file.name)
        names.add(file.name)
    for old in target.iterdir():
        if old.name not in names:
            old.unlink()
