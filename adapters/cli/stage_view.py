"""The stage drawn for a terminal: callers, agents and what happens, in 80 by 24 or wider."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from adapters.cli.timeline import AgentSeen, CallerSeen, Scene

ROWS = 22
"""Of 24: one for the prompt above, one to spare."""
COLOURS = {
    "menu": "cyan", "arriving": "cyan", "waiting": "yellow", "ringing": "magenta",
    "talking": "green", "after": "blue", "served": "green", "abandoned": "red", "left": "red",
    "lost": "bold red", "ready": "green", "offered": "magenta", "busy": "green",
    "wrap-up": "blue", "not ready": "dim", "logged off": "dim", "not yet": "dim",
}  # fmt: skip


def stage_view(scene: Scene, expected: int, agents: Iterable[str], now: float) -> RenderableType:
    """The whole stage; `expected` callers have their row before they call."""
    words = scene.words
    seen = {caller.number: caller for caller in scene.callers.values()}
    rows = [_caller_row(scene, seen.get(n), n, now) for n in range(1, expected + 1)]
    agent_rows = [_agent_row(scene, scene.agents.get(a, AgentSeen()), a, now) for a in agents]
    lines = max(4, ROWS - 3 - len(rows) - len(agent_rows))
    return Group(
        _head(words("title")),
        _head(f"{words('callers')} · {clock(now - scene.began if scene.began else 0)}"),
        _grid(rows),
        _head(words("agents")),
        _grid(agent_rows),
        _head(words("what")),
        *[_told(scene, at, line) for at, line in list(scene.lines)[-lines + 1 :]],
    )


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def told(scene: Scene, at: float, line: str) -> str:
    """A line with its time since the beginning."""
    return f"{clock(at - scene.began)}  {line}"


def _head(text: str) -> Rule:
    return Rule(Text(text, style="bold"), align="left", style="dim", characters="─")


def _grid(rows: list[tuple[str, str, Text]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=12, no_wrap=True)
    grid.add_column(width=10, no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for row in rows:
        grid.add_row(*row)
    return grid


def _caller_row(
    scene: Scene, caller: CallerSeen | None, number: int, now: float
) -> tuple[str, str, Text]:
    if caller is None:
        return scene.caller_name(number), "", Text(scene.words("not yet"), style=COLOURS["not yet"])
    name = f"ended {caller.state}" if caller.ended_at else caller.state
    seconds = caller.waited(now)
    text = scene.words(name, agent=scene.agent_name(caller.agent), s=f"{seconds:.0f}")
    bar = "■" * min(10, int(seconds / 2)) if caller.entered_at else ""
    return scene.caller_name(number), bar, Text(text, style=COLOURS.get(caller.state, ""))


def _agent_row(scene: Scene, agent: AgentSeen, name: str, now: float) -> tuple[str, str, Text]:
    state = scene.agent_state(agent, now)
    text = scene.words(state, caller=scene.caller_name(agent.caller))
    return scene.agent_name(name), "", Text(text, style=COLOURS.get(state, ""))


def _told(scene: Scene, at: float, line: str) -> Text:
    text = Text(told(scene, at, line), no_wrap=True, overflow="ellipsis")
    text.stylize("dim", 0, 5)
    return text
