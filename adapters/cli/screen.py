"""Where the demo is seen: a live picture in a terminal, plain lines elsewhere, or JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live

from adapters.cli.stage_view import stage_view, told
from adapters.cli.timeline import LiveEvent, Scene

PICTURES_PER_SECOND = 4


class Screen:
    """Plain lines. Enter it while the calls go on."""

    def __init__(self, scene: Scene, console: Console) -> None:
        self.scene = scene
        self.console = console

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def event(self, event: LiveEvent, line: str | None) -> None:
        """A live event, and the line that tells people of it."""
        if line:
            self.console.print(told(self.scene, self.scene.lines[-1][0], line))

    def say(self, what: RenderableType) -> None:
        """Something before or after the show."""
        self.console.print(what)

    def end(self, summary: RenderableType, plain: Mapping[str, Any]) -> None:
        """How it ended."""
        self.console.print(summary)

    def fault(self, message: str) -> None:
        """Why there is no show."""
        print(f"hotline: {message}", file=sys.stderr)


class LiveScreen(Screen):
    """The stage, drawn again and again."""

    def __init__(
        self, scene: Scene, console: Console, expected: int, agents: Sequence[str]
    ) -> None:
        super().__init__(scene, console)
        self._live = Live(
            console=console,
            refresh_per_second=PICTURES_PER_SECOND,
            get_renderable=lambda: stage_view(scene, expected, agents, time.time()),
        )

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def event(self, event: LiveEvent, line: str | None) -> None:
        """The picture shows it at its next turn."""


class JsonScreen(Screen):
    """A line of JSON an event, and one for the summary."""

    def event(self, event: LiveEvent, line: str | None) -> None:
        self._write({**event, "told": line})

    def say(self, what: RenderableType) -> None:
        return

    def end(self, summary: RenderableType, plain: Mapping[str, Any]) -> None:
        self._write({"kind": "summary", **plain})

    def _write(self, value: Mapping[str, Any]) -> None:
        print(json.dumps(value, ensure_ascii=False), flush=True)


def screen_for(scene: Scene, expected: int, agents: Sequence[str], as_json: bool) -> Screen:
    """The screen that suits standard output."""
    console = Console(highlight=False)
    if as_json:
        return JsonScreen(scene, console)
    if console.is_terminal:
        return LiveScreen(scene, console, expected, agents)
    return Screen(scene, console)
