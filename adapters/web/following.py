"""What runs beside the answers of the web process, from its start to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol


class Follower(Protocol):
    """Something that follows the journal."""

    async def run(self) -> None: ...


@asynccontextmanager
async def following(
    beside: AbstractAsyncContextManager[None], *followers: Follower
) -> AsyncIterator[None]:
    """They run inside, and what runs beside them."""
    tasks = [asyncio.create_task(follower.run()) for follower in followers]
    try:
        async with beside:
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
