"""Which row each box of a flow stands in, and in which order: its shape without sizes. Pure.

Boxes stand below every box that leads to them; arrows that lead back are turned for this. Within
rows, cells are put in the middle of those that they are tied to until no crossing goes away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Cell = str | tuple[int, int]
"""A box, or the place of an arrow (its number) in a row that it passes."""
TRIES = 12


@dataclass(slots=True)
class Rows:
    """Cells in rows, and how arrows go through them. Arrows are numbers."""

    cells: list[list[Cell]]
    number: dict[str, int]
    """The row of each box."""
    chains: dict[int, list[Cell]]
    """The cells of each arrow from top to bottom; loops on one box have none."""
    back: set[int]
    """Arrows that lead up, loops included."""
    neighbours: dict[Cell, list[Cell]]
    next_: dict[Cell, list[Cell]]
    """In the row below."""
    pairs: Sequence[tuple[str, str]]

    def above(self, name: str) -> list[int]:
        """The arrows at the top of a box."""
        return [number for number, chain in self.chains.items() if chain[-1] == name]

    def below(self, name: str) -> list[int]:
        """The arrows at the bottom of a box."""
        return [number for number, chain in self.chains.items() if chain[0] == name]

    def loops(self, name: str) -> list[int]:
        """The arrow from a box to itself."""
        return [n for n, pair in enumerate(self.pairs) if pair == (name, name)]


def rows_of(first: str, names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Rows:
    """Rows for these boxes and arrows, all of them within reach of `first`."""
    back, found = _back(first, pairs)
    down = {
        number: pair[::-1] if number in back else pair
        for number, pair in enumerate(pairs)
        if pair[0] != pair[1]
    }
    number = _rows(found, down.values())
    cells: list[list[Cell]] = [[] for _ in range(max(number.values()) + 1)]
    for name in found:
        cells[number[name]].append(name)
    chains: dict[int, list[Cell]] = {}
    for arrow, (upper, lower) in down.items():
        between = range(number[upper] + 1, number[lower])
        for row in between:
            cells[row].append((arrow, row))
        chains[arrow] = [upper, *((arrow, row) for row in between), lower]
    next_: dict[Cell, list[Cell]] = {cell: [] for row in cells for cell in row}
    previous: dict[Cell, list[Cell]] = {cell: [] for row in cells for cell in row}
    for chain in chains.values():
        for cell, following in pairwise(chain):
            next_[cell].append(following)
            previous[following].append(cell)
    return Rows(
        _ordered(cells, previous, next_), number, chains, back,
        {cell: previous[cell] + next_[cell] for cell in next_}, next_, pairs,
    )  # fmt: skip


def _back(first: str, pairs: Sequence[tuple[str, str]]) -> tuple[set[int], list[str]]:
    """Arrows that lead back to where a walk came from; and the boxes in the order of the walk."""
    out: dict[str, list[int]] = {}
    for number, (source, _) in enumerate(pairs):
        out.setdefault(source, []).append(number)
    back: set[int] = set()
    found, path = {first: None}, {first}
    todo = [(first, iter(out.get(first, ())))]
    while todo:
        name, arrows = todo[-1]
        for number in arrows:
            target = pairs[number][1]
            if target in path:
                back.add(number)
            elif target not in found:
                found[target] = None
                path.add(target)
                todo.append((target, iter(out.get(target, ()))))
                break
        else:
            path.discard(name)
            todo.pop()
    return back, list(found)


def _rows(names: Sequence[str], down: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The row of each box: one more than the lowest of those above it."""
    below: dict[str, list[str]] = {name: [] for name in names}
    waits = dict.fromkeys(names, 0)
    for upper, lower in down:
        below[upper].append(lower)
        waits[lower] += 1
    number = dict.fromkeys(names, 0)
    ready = [name for name in names if not waits[name]]
    while ready:
        name = ready.pop()
        for lower in below[name]:
            number[lower] = max(number[lower], number[name] + 1)
            waits[lower] -= 1
            if not waits[lower]:
                ready.append(lower)
    return number


def _ordered(
    cells: list[list[Cell]], previous: Mapping[Cell, list[Cell]], next_: Mapping[Cell, list[Cell]]
) -> list[list[Cell]]:
    """The rows with few crossings: the best of several sweeps down and up."""
    best, fewest = cells, _crossings(cells, next_)
    for attempt in range(TRIES):
        if not fewest:
            break
        tied = next_ if attempt % 2 else previous
        cells = _swept(cells[::-1], tied)[::-1] if attempt % 2 else _swept(cells, tied)
        if (found := _crossings(cells, next_)) < fewest:
            best, fewest = cells, found
    return best


def _swept(cells: list[list[Cell]], tied: Mapping[Cell, list[Cell]]) -> list[list[Cell]]:
    """Each row in the order of the middles of what its cells are tied to in the row before."""
    at: dict[Cell, int] = {}
    swept = []
    for row in cells:
        middle = {
            cell: sum(at[other] for other in tied[cell]) / len(tied[cell]) if tied[cell] else place
            for place, cell in enumerate(row)
        }
        swept.append(sorted(row, key=middle.__getitem__))
        at |= {cell: place for place, cell in enumerate(swept[-1])}
    return swept


def _crossings(cells: list[list[Cell]], next_: Mapping[Cell, list[Cell]]) -> int:
    """How many pairs of arrows cross between rows."""
    found = 0
    for upper, lower in pairwise(cells):
        at = {cell: place for place, cell in enumerate(lower)}
        ends = [place for cell in upper for place in sorted(at[other] for other in next_[cell])]
        found += sum(a > b for n, a in enumerate(ends) for b in ends[n + 1 :])
    return found
