"""`ivr.ports.PythonSteps` in threads: a slow or broken function holds up its own call alone.

Each run has a thread of its own, so many at once; who finds none free waits within the deadline. A
thread cannot be ended from outside: one that overruns keeps its place until its function returns,
and what it then returns counts no more. The process can end without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from threading import Thread

from ivr.ports import EffectKey, PythonFailed
from ivr.python_steps import Ended, PythonFunction

log = logging.getLogger(__name__)

AT_ONCE = 8


class PythonThreads:
    """The functions of an installation. Used by one event loop."""

    def __init__(self, functions: Mapping[str, PythonFunction], at_once: int = AT_ONCE) -> None:
        self._functions = functions
        self._free = asyncio.Semaphore(at_once)

    async def run(self, name: str, inputs: Mapping[str, str], key: EffectKey) -> Ended:
        function = self._functions.get(name)
        if function is None:
            raise PythonFailed("there is no such function")
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(function.seconds):
            await self._free.acquire()
            ended: asyncio.Future[Ended] = loop.create_future()
            work = (loop, function, dict(inputs), key, ended)
            try:
                Thread(target=self._work, args=work, daemon=True, name=f"step {name}").start()
            except RuntimeError as fault:  # the system has no thread left
                self._free.release()
                raise PythonFailed(str(fault)) from fault
            return await ended

    def _work(
        self, loop: asyncio.AbstractEventLoop, function: PythonFunction, inputs: Mapping[str, str],
        key: EffectKey, ended: asyncio.Future[Ended],
    ) -> None:  # fmt: skip
        found: Ended | PythonFailed = PythonFailed("it ended its thread")
        try:
            found = function.run(inputs, key)
        except PythonFailed as fault:
            found = fault
        finally:
            with suppress(RuntimeError):  # the loop has ended, and the call with it
                loop.call_soon_threadsafe(self._done, function, ended, found)

    def _done(
        self, function: PythonFunction, ended: asyncio.Future[Ended], found: Ended | PythonFailed
    ) -> None:
        self._free.release()
        if ended.done():  # the deadline was over, or the caller is gone
            log.warning("python step ended late", extra={"function": function.name})
        elif isinstance(found, Ended):
            ended.set_result(found)
        else:
            ended.set_exception(found)
