"""A flow's file as it is at one moment, its recordings by what is in them.

`recorded: goodbye.wav` becomes `recorded: ../recordings/DIGEST.wav`: the text then says all that
callers will hear, and the file of that name never changes. Everything else in the text stays,
comments too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import yaml

from ivr.faults import BadFlow

RECORDINGS = "recordings"
"""Beside the folders of the versions."""


@dataclass(frozen=True, slots=True)
class FrozenFlow:
    """A flow's text, and the recordings that it names."""

    text: str
    recordings: Mapping[str, bytes] = field(default_factory=dict)
    """By the name of their file."""

    @property
    def digest(self) -> str:
        return digest_of(self.text)


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def freeze(file: Path) -> FrozenFlow:
    """The flow that is in this file now; raises `BadFlow` when it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
        return _frozen(text, file.parent)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise BadFlow([f"{file}: cannot be read: {fault}"]) from fault


def _frozen(text: str, folder: Path) -> FrozenFlow:
    recordings: dict[str, bytes] = {}
    root = yaml.compose(text, Loader=yaml.SafeLoader) if "recorded" in text else None
    named = sorted(_recorded(root), key=lambda node: node.start_mark.index, reverse=True)
    for node in named:  # from the end, so that the places before stay right
        content = (folder / str(node.value)).read_bytes()
        name = f"{sha256(content).hexdigest()}.wav"
        recordings[name] = content
        start, end = node.start_mark.index, node.end_mark.index
        text = f'{text[:start]}"../{RECORDINGS}/{name}"{text[end:]}'
    return FrozenFlow(text, recordings)


def _recorded(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The values of every `recorded` that names a file (an outcome of that name does not)."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _recorded(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "recorded" and isinstance(value, yaml.ScalarNode):
                yield value
            elif key.value != "then":
                yield from _recorded(value)
