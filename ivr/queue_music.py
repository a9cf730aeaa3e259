"""Hold music of single queues, as the site file names it: folders, by language."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from ivr.faults import meant

ANY_LANGUAGE = "any"
"""In place of a language: whatever is spoken."""
PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"


def _inside(folder: str) -> str:
    """A folder of the data folder, by a name that a configuration file can hold."""
    if not re.fullmatch(rf"{PART}(/{PART})*", folder):
        raise ValueError("is a folder in the data folder, like music/sales")
    return folder


def _by_language(given: object) -> object:
    return {ANY_LANGUAGE: given} if isinstance(given, str) else given


QueueMusic = Annotated[
    dict[str, Annotated[str, AfterValidator(_inside)]], BeforeValidator(_by_language)
]
"""One folder, or one for each language."""


def music_faults(
    music: Mapping[str, Mapping[str, str]], queues: Collection[str], languages: Collection[str]
) -> Iterator[str]:
    """A sentence for each queue and each language that there is not."""
    known = (*languages, ANY_LANGUAGE)
    for queue, folders in music.items():
        if queue not in queues:
            yield f"site.yaml: music.{queue}: there is no queue {queue!r}{meant(queue, queues)}"
        for language in folders.keys() - set(known):
            yield f"site.yaml: music.{queue}.{language}: is not spoken here{meant(language, known)}"
