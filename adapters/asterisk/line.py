"""A caller on the telephone, as `ivr.ports.Line`: what is said and asked, in AGI commands.

Every key that the caller presses is kept by Asterisk itself (StoreDTMF) in a variable of the call,
from before the answer to the script's last moment: AGI throws keys away between two commands.
Questions are answered from that record, so keys may come early, and `Read` only tells when to look.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any, TypeVar

from acd.model import ContactId, Seconds
from adapters.asterisk.agi import CallAgi
from adapters.asterisk.attention import Attention
from adapters.asterisk.call_facts import (
    SCRIPT,
    THIS_PROCESS,
    arguments,
    call_facts,
    keys_on_record,
    values_text,
    visits_text,
)
from adapters.asterisk.double_keys import DoubleKeys, KeyRecord
from adapters.asterisk.playing import length, made, names, recordings
from ivr.ports import NO_VALUES, CallerGone, CallFacts, LineFailed
from voice.ports import Prompt, PromptStore

log = logging.getLogger(__name__)
T = TypeVar("T")

BETWEEN_KEYS: Seconds = 3.0
AT_ONCE: Seconds = 0.001
"""As long as `Read` waits for a key behind something that is only said; 0 would mean 10 s."""
TYPED, READ = "HOTLINE_TYPED", "HOTLINE_READ"
VALUES = "HOTLINE_VALUES"
"""What the steps have collected. Asked for by a script that goes on with a call, and no argument
of the script: those can be seen by whoever looks at the channel."""
JOINED = "joined"
"""The first request to the waiting loop: what the flow says to whom it hands over."""
KEPT = "="
"""What the record of keys begins with: an empty one tells that nothing is being kept."""
DIAL_TONE = "dial"
SILENCE = "silence"
"""The music class that sends silence."""
PLAIN = re.compile(r"[^,\\\"()\[\]{}]*")
"""Values that mean the same to `MSet` as to `Set`."""


class AgiLine:
    """One call's line. `begin` first, `close` last; satisfies `ivr.ports.Line`."""

    def __init__(
        self, agi: CallAgi, prompts: PromptStore, threads: Executor, keys: DoubleKeys | None = None
    ) -> None:
        self._agi = agi
        self._prompts = prompts
        self._threads = threads
        self._working: Future[Any] = Future()
        """The latest command; one at a time."""
        self._working.set_result(None)
        self._attention = Attention(agi, self._submit)
        self._record = KeyRecord(agi.env.get("agi_channel", ""), keys)
        self._facts = CallFacts(ContactId(""), "", None)
        self._version = ""
        """The flow's version, as the call has it."""
        self._kept = ""
        """The values as the call keeps them."""
        self._taken = 0
        """How many of the keys on record have answered a question."""
        self._most = 0
        """How many keys the last `Read` might take."""
        self._over = False

    @property
    def facts(self) -> CallFacts:
        return self._facts

    async def begin(self) -> None:
        """Tell the dialplan that somebody is here, and learn who calls."""
        self._facts, self._taken = await self._do(0, self._begin)
        self._version = self._facts.version

    def close(self) -> None:
        """End the script. Asterisk goes on with the dialplan."""
        self._over = True
        self._attention.forget()
        self._agi.end()
        # After a command that has just been woken: its socket's number must not be another's yet.
        self._working.add_done_callback(lambda _: self._agi.close())

    async def answer(self) -> None:
        await self._do(0, self._agi.answer)

    async def say(self, prompts: Sequence[Prompt], *, interruptible: bool = True) -> str | None:
        async with recordings(self._prompts, prompts) as files:
            if not interruptible:
                await self._do(length(files), self._play, files)
                return None
            return await self._do(length(files), self._say, files)

    async def ask(
        self, prompts: Sequence[Prompt], *, most_keys: int, seconds: Seconds, ends_with: str = "#"
    ) -> str | None:
        async with recordings(self._prompts, prompts) as files:
            longest = length(files) + seconds + most_keys * BETWEEN_KEYS
            unsaid = bool(prompts) and not files
            return await self._do(longest, self._ask, files, most_keys, seconds, ends_with, unsaid)

    async def set_language(self, language: str) -> None:
        await self._do(0, self._set, {"CHANNEL(language)": language, "LANG": language})

    async def remember(
        self,
        step: str,
        visits: Mapping[str, int],
        version: str = "",
        *,
        values: Mapping[str, str] = NO_VALUES,
    ) -> None:
        counted = {"VISITS": visits_text(visits)} if visits else {}
        begun = {"FLOW": version} if version not in ("", self._version) else {}
        now = counted | begun | {"STEP": step}
        await self._do(0, self._remember, values_text(values), now)
        self._version = version or self._version

    async def join_queue(
        self,
        queue: str,
        class_: str,
        entered_at: Seconds,
        prompts: Sequence[Prompt] = (),
        after: str = "goodbye",
    ) -> None:
        files = names(await made(self._prompts, prompts))
        variables = {
            "QENTER": str(round(entered_at * 1000)),
            "QUEUE": queue,
            "CLASS": class_,
            "AFTER": after,
        }
        if files:
            variables["REQ"] = f"{JOINED}~{'&'.join(files)}~0"
        await self._do(0, self._join, variables)
        self._over = True
        self._attention.forget()

    async def hang_up(self) -> None:
        with suppress(CallerGone):
            await self._do(0, self._agi.hangup)

    async def _do(self, seconds: Seconds, work: Callable[..., T], *args: object) -> T:
        """Run commands in a thread. They end by their own deadline, on the socket."""
        if self._over:
            raise LineFailed("the script of this call is over")

        def timed() -> T:
            self._agi.allow(seconds)
            return work(*args)

        await self._attention.end()
        try:
            return await asyncio.wrap_future(self._submit(timed))
        finally:
            if not self._over:
                self._attention.begin()

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        working = self._working = self._threads.submit(work)
        return working

    # ---- in a thread

    def _begin(self) -> tuple[CallFacts, int]:
        on_record = keys_on_record(self._agi.env)
        goes_on = arguments(self._agi.env)["STEP"]
        limits = {"TIMEOUT(absolute)": "0", "TIMEOUT(digit)": str(BETWEEN_KEYS)}
        limits[SCRIPT] = THIS_PROCESS
        if on_record:
            self._set(limits)
        else:  # an Asterisk that has not read our dialplan since an upgrade
            self._set(limits | {TYPED: KEPT})
            self._agi.appexec("StoreDTMF", f"RX,{TYPED}")
        self._kept = self._agi.get_variable(VALUES) if goes_on else ""
        # Who goes on with a step asks for its keys again; those of a new call are all to be taken.
        taken = max(on_record - len(KEPT), 0) if goes_on else 0
        if goes_on:
            self._record = KeyRecord("", None)  # we were not there to hear of its keys
        return call_facts(self._agi.env, self._kept), taken

    def _remember(self, values: str, variables: dict[str, str]) -> None:
        """Values before the step that counts on them. Not by `MSet`: an application's arguments
        can be seen from outside while it runs."""
        if values != self._kept:
            self._agi.set_variable(VALUES, values)
            self._kept = values
        self._set(variables)

    def _set(self, variables: dict[str, str]) -> None:
        """All at once, as far as `MSet` takes the values as they are."""
        plain: list[str] = []
        for name, value in variables.items():
            if PLAIN.fullmatch(value):
                plain.append(f"{name}={value}")
            else:
                self._agi.set_variable(name, value)
        if plain:
            self._agi.appexec("MSet", ",".join(plain))

    def _join(self, variables: dict[str, str]) -> None:
        self._set(variables)
        with suppress(LineFailed):  # keys of the talk are nobody's business
            self._agi.appexec("StoreDTMF", "remove")
        self._set({TYPED: "", READ: "", "ACD_DONE": "1"})

    def _typed(self) -> str:
        """The keys that have not answered a question yet."""
        record = str(self._agi.get_variable(TYPED))[len(KEPT) :]
        return self._record.once(record)[self._taken :]

    def _play(self, files: list[str]) -> None:
        if files:
            self._agi.appexec("Playback", "&".join(files))
            self._complain(self._agi.get_variable("PLAYBACKSTATUS") == "FAILED")
            self._hush()

    def _say(self, files: list[str]) -> str | None:
        self._speak(files)
        return self._typed()[:1] or None

    def _speak(self, files: list[str]) -> bool:
        """Play until a key is pressed; whether everything could be played. One file at a time:
        between two files of one `Read` nothing at all is sent for 70 ms."""
        played = True
        for file in files:
            if self._typed():
                break
            played &= self._read(file, 1, "t()", AT_ONCE)
        if files:
            self._hush()
        return played

    def _hush(self) -> None:
        """Send silence from now on: a line on which nothing comes sounds dead."""
        with suppress(LineFailed):
            self._agi.appexec("StartMusicOnHold", SILENCE)

    def _ask(
        self, files: list[str], most_keys: int, seconds: Seconds, ends_with: str, unsaid: bool
    ) -> str | None:
        typed = self._typed()
        if _answer(typed, most_keys, ends_with) is None:
            left, options = most_keys - len(typed), f"t({ends_with})"
            if typed:
                self._read("", left, options, BETWEEN_KEYS)
            elif unsaid or not self._speak(files):
                self._read(DIAL_TONE, left, options + "i", seconds)
            elif not (typed := self._typed()):
                self._read("", left, options, seconds)
            elif _answer(typed, most_keys, ends_with) is None:
                self._read("", most_keys - len(typed), options, BETWEEN_KEYS)
            typed = self._typed()
            while typed and _answer(typed, most_keys, ends_with) is None and self._is_full():
                self._read("", most_keys - len(typed), options, BETWEEN_KEYS)
                typed = self._typed()
        keys, taken = _answer(typed, most_keys, ends_with) or (typed, len(typed))
        self._taken += taken
        return keys if taken else None

    def _read(self, sound: str, most: int, options: str, seconds: Seconds) -> bool:
        """Play and wait until enough keys have been pressed, or none for long enough; False when
        it could not be played."""
        self._most = most
        self._agi.set_variable("TIMEOUT(response)", seconds)
        self._agi.appexec("Read", f"{READ},{sound},{most},{options}")
        failed = self._agi.get_variable("READSTATUS") == "ERROR"
        self._complain(failed)
        return not failed

    def _is_full(self) -> bool:
        """Whether the last `Read` has had as many keys as it may take: some perhaps twice."""
        return len(str(self._agi.get_variable(READ))) >= self._most

    def _complain(self, failed: bool) -> None:
        if failed:
            log.error("prompts not played", extra={"reason": "asterisk cannot read the files"})


def _answer(typed: str, most_keys: int, ends_with: str) -> tuple[str, int] | None:
    """A complete answer at the beginning of what was typed, and how many keys it took."""
    for count, key in enumerate(typed[:most_keys], start=1):
        if ends_with and key in ends_with:
            return typed[: count - 1], count
    return (typed[:most_keys], most_keys) if len(typed) >= most_keys else None
