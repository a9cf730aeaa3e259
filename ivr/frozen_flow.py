"""A flow's file as it is at one moment, its recordings by what is in them.

`recorded: goodbye.wav` becomes `recorded: ../recordings/DIGEST.wav`: the text then says all that
callers will hear, and the file of that name never changes. Everything else in the text stays,
comments too. The flows that it calls are frozen with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import yaml

from ivr.calls import NO_FILES, called_by
from ivr.faults import BadFlow

RECORDINGS = "recordings"
"""Beside the folders of the versions."""
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FrozenFlow:
    """A flow's text, and the recordings that it names."""

    text: str
    recordings: Mapping[str, bytes] = field(default_factory=dict)
    """By the name of their file."""
    called: Mapping[str, str] = field(default_factory=dict)
    """The texts of all flows that it calls, by name."""

    @property
    def digest(self) -> str:
        return digest_of(self.text, self.called)


def digest_of(text: str, called: Mapping[str, str] = NOTHING) -> str:
    """SHA-256 of a flow's text, with those of the flows that it calls if there are any."""
    whole = sha256(text.encode())
    for name in sorted(called):
        whole.update(f"\0{name}\0{called[name]}".encode())  # no flow has this sign in it
    return whole.hexdigest()


def freeze(file: Path, files: Mapping[str, Path] = NO_FILES) -> FrozenFlow:
    """The flow that is in this file now, with those of `files` (by name) that it calls; raises
    `BadFlow` when it cannot be read."""
    try:
        whole = _frozen(file.read_text(encoding="utf-8"), file.parent)
        recordings, called = dict(whole.recordings), {}
        for name, other in called_by(file, files).items():
            part = _frozen(other.read_text(encoding="utf-8"), other.parent)
            called[name] = part.text
            recordings |= part.recordings
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise BadFlow([f"{file}: cannot be read: {fault}"]) from fault
    return FrozenFlow(whole.text, recordings, called)


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
