"""A caller on the telephone, as `ivr.ports.Line`: AGI commands in threads, one at a time.

What is said and asked, and the keys that answer it, is `adapters.asterisk.asking`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from acd.model import ContactId, Seconds
from adapters.asterisk import routes, takes, transfers
from adapters.asterisk.agi import CallAgi
from adapters.asterisk.asking import BETWEEN_KEYS, KEPT, READ, TYPED, Asking
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
from adapters.asterisk.double_keys import DoubleKeys
from adapters.asterisk.playing import length, made, names, recordings
from ivr.ports import NO_VALUES, CallerGone, CallFacts, EffectKey, LineFailed, Take
from ivr.recording_settings import ANSWERS, CONSENT
from ivr.transfers import LONGEST_TALK, Ringing, Rung
from voice.ports import Prompt, PromptStore

T = TypeVar("T")

VALUES = "HOTLINE_VALUES"
"""What the steps have collected. Asked for by a script that goes on with a call, and no argument
of the script: those can be seen by whoever looks at the channel."""
JOINED = "joined"
"""The first request to the waiting loop: what the flow says to whom it hands over."""
BUSY_SECONDS: Seconds = 5.0
PLAIN = re.compile(r"[^,\\\"()\[\]{}]*")
"""Values that mean the same to `MSet` as to `Set`."""


class AgiLine:
    """One call's line. `begin` first, `close` last; satisfies `ivr.ports.Line`."""

    def __init__(
        self, agi: CallAgi, prompts: PromptStore, threads: Executor,
        takes: Path | None = None, keys: DoubleKeys | None = None,
    ) -> None:  # fmt: skip
        self._agi, self._prompts, self._threads = agi, prompts, threads
        self._working: Future[Any] = Future()
        """The latest command; one at a time."""
        self._working.set_result(None)
        self._asking = Asking(agi, takes, keys)
        self._attention = Attention(agi, self._submit)
        self._facts = CallFacts(ContactId(""), "", None)
        self._version = ""
        """The flow's version, as the call has it."""
        self._kept = ""
        """The values as the call keeps them."""
        self._over = False

    @property
    def facts(self) -> CallFacts:
        return self._facts

    async def begin(self) -> None:
        """Tell the dialplan that somebody is here, and learn who calls."""
        self._facts = await self._do(0, self._begin)
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
                await self._do(length(files), self._asking.play, files)
                return None
            longest = length(files) + BETWEEN_KEYS  # what a late end key broke into begins again
            return await self._do(longest, self._asking.say, files)

    async def ask(
        self,
        prompts: Sequence[Prompt],
        *,
        most_keys: int,
        seconds: Seconds,
        ends_with: str = "#",
        secret: bool = False,
    ) -> str | None:
        async with recordings(self._prompts, prompts) as files:
            longest = length(files) + seconds + most_keys * BETWEEN_KEYS
            unsaid = bool(prompts) and not files
            ask = self._asking.ask_in_secret if secret else self._asking.ask
            return await self._do(longest, ask, files, most_keys, seconds, ends_with, unsaid)

    async def record(
        self, prompts: Sequence[Prompt], *, seconds: Seconds, pause: int, ends_with: str = "#"
    ) -> Take:
        async with recordings(self._prompts, prompts) as files:
            longest = length(files) + seconds + takes.MORE_SECONDS
            return await self._do(longest, self._asking.record, files, seconds, pause, ends_with)

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
        now = counted | begun | consent_of(values) | {"STEP": step}
        await self._do(0, self._remember, values_text(values), now)
        self._version = version or self._version

    async def join_queue(
        self,
        queue: str,
        class_: str,
        entered_at: Seconds,
        prompts: Sequence[Prompt] = (),
        after: str = "goodbye",
        goes_on: bool = False,
        urgency: str = "",
        keys: str = "",
    ) -> None:
        variables = {"QENTER": str(round(entered_at * 1000)), "QUEUE": queue}
        variables |= {"CLASS": class_, "AFTER": after, **({"URGENCY": urgency} if urgency else {})}
        again = self._facts.talked or self._facts.left  # before the first queue they are empty
        if goes_on or again:
            variables["AFTER_FLOW"] = "1" if goes_on else ""
        if keys or again:
            variables["WAIT_KEYS"] = keys
        if files := names(await made(self._prompts, prompts)):
            variables["REQ"] = f"{JOINED}~{'&'.join(files)}~0"
        await self._do(0, self._join, variables)
        self._over = True
        self._attention.forget()

    async def transfer(self, ringing: Ringing, prompts: Sequence[Prompt] = ()) -> Rung:
        async with recordings(self._prompts, prompts) as files:
            rings = transfers.longest_ring(ringing)
            longest = length(files) + rings + LONGEST_TALK
            return await self._do(longest, self._transfer, ringing, files)

    async def end_of(self, key: EffectKey) -> Rung | None:
        kept = await self._do(0, self._agi.get_variable, transfers.RUNG)
        return transfers.rung(kept, key)

    async def busy(self) -> None:
        with suppress(CallerGone):  # Asterisk hangs up when it has sent the tone for so long
            await self._do(BUSY_SECONDS, self._agi.appexec, "Busy", f"{BUSY_SECONDS:g}")

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

    def _begin(self) -> CallFacts:
        on_record = keys_on_record(self._agi.env)
        goes_on = arguments(self._agi.env)["STEP"]
        limits = {"TIMEOUT(absolute)": "0", "TIMEOUT(digit)": str(BETWEEN_KEYS)}
        limits[SCRIPT] = THIS_PROCESS
        if on_record:
            self._set(limits)
        else:  # after a talk; or an Asterisk that has not read our dialplan since an upgrade
            self._set(limits | {TYPED: KEPT})
            self._asking.begin()
        if goes_on:
            self._asking.go_on(on_record)
        self._kept = self._agi.get_variable(VALUES) if goes_on else ""
        return call_facts(self._agi.env, self._kept)

    def _remember(self, values: str, variables: dict[str, str]) -> None:
        """Values before the step that counts on them. Not by `MSet`: an application's arguments
        can be seen from outside while it runs."""
        if values != self._kept:
            self._agi.set_variable(VALUES, values)
            self._kept = values
        self._set(variables)

    def _set(self, variables: dict[str, str]) -> None:
        """All at once, as far as `MSet` takes the values as they are."""
        plain = [f"{name}={value}" for name, value in variables.items() if PLAIN.fullmatch(value)]
        for name, value in variables.items():
            if not PLAIN.fullmatch(value):
                self._agi.set_variable(name, value)
        if plain:
            self._agi.appexec("MSet", ",".join(plain))

    def _transfer(self, ringing: Ringing, files: list[str]) -> Rung:
        """The dialplan rings, and keeps how it ended on the call: a script that dies meanwhile
        ends no talk, and the next one finds it."""
        rung = transfers.rung(self._agi.get_variable(transfers.RUNG), ringing.key)
        if rung is None:
            self._asking.say(files)
            # Not by `MSet`: an application's arguments can be seen from outside while it runs.
            for name, value in routes.variables(ringing.routes).items():
                self._agi.set_variable(name, value)
            self._agi.gosub(transfers.CONTEXT, transfers.arguments(ringing))
            rung = transfers.rung(self._agi.get_variable(transfers.RUNG), ringing.key)
            self._asking.anew()
        return rung or Rung.UNREACHABLE

    def _join(self, variables: dict[str, str]) -> None:
        self._set(variables)
        self._asking.end()
        self._set({TYPED: "", READ: "", "ACD_DONE": "1"})


def consent_of(values: Mapping[str, str]) -> dict[str, str]:
    """What the caller has answered to being recorded, as the dialplan reads it."""
    answer = values.get(CONSENT)
    return {"CONSENT": answer} if answer in ANSWERS else {}
