"""The files into which Asterisk records talks: `ivr.recording_keeper.TalkFiles`.

`CONTACT.PART-in.sln` is what the customer said, `CONTACT.PART-out.sln` what the customer heard.
They lie in the clear, in a folder that is open to Asterisk's user and to root alone.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

from acd.model import ContactId
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.talks import RECORDING, line_of
from ivr.ports import PhonesFailed
from ivr.recording_keeper import TalkPart, TalkSound

NAME = re.compile(r"(?P<contact>[A-Za-z0-9.-]+)\.(?P<number>[0-9]+)-(?:in|out)\.sln")


class RecordedFiles:
    """What lies in one folder."""

    def __init__(self, folder: Path, ami: Ami) -> None:
        self._folder = folder
        self._ami = ami

    async def parts(self) -> list[TalkPart]:
        return await asyncio.to_thread(self._parts)

    async def is_over(self, part: TalkPart) -> bool:
        """The customer's channel says what is being recorded, if there is one."""
        try:
            line = await line_of(self._ami, part.contact)
            if line is None:
                return True
            asked = {"Action": "Getvar", "Channel": line, "Variable": RECORDING}
            return (await self._ami.send(asked)).get("Value", "") != _stem(part)
        except AmiRefused:
            return True
        except (AmiAway, AmiSlow) as error:
            raise PhonesFailed(str(error)) from error

    async def read(self, part: TalkPart) -> TalkSound:
        return TalkSound(*[await asyncio.to_thread(_read, path) for path in self._paths(part)])

    async def remove(self, part: TalkPart) -> None:
        for path in self._paths(part):
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def free(self) -> int:
        usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        return usage.free

    async def tell_full(self, full: bool) -> None:
        action = {"Action": "Setvar", "Variable": "GLOBAL(RECORD_FULL)"}
        try:
            await self._ami.send({**action, "Value": "1" if full else ""})
        except (AmiAway, AmiRefused, AmiSlow) as error:
            raise PhonesFailed(str(error)) from error

    def _parts(self) -> list[TalkPart]:
        found = (NAME.fullmatch(path.name) for path in self._folder.glob("*.sln"))
        parts = {TalkPart(ContactId(one["contact"]), int(one["number"])) for one in found if one}
        return sorted(parts, key=lambda part: (part.contact, part.number))

    def _paths(self, part: TalkPart) -> list[Path]:
        return [self._folder / f"{_stem(part)}-{way}.sln" for way in ("in", "out")]


def _stem(part: TalkPart) -> str:
    return f"{part.contact}.{part.number}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
