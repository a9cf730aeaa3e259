"""Where boxes and arrows of a flow go: rows from top to bottom, few crossings, no overlap. Pure.

An arrow that leads back up is laid as if it led down, and turned. An arrow that passes rows has a
place of its own in each of them, beside the boxes. Each label stands directly at the box that its
arrow leaves, in a place as wide as it is: so no label meets a box, another label or another arrow.
Lengths are pixels, y grows downwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.flow_rows import Cell, Rows, rows_of

MARGIN, GAP, BARE, INSET = 28.0, 30.0, 22.0, 18.0
"""Around everything; between two cells of a row; what an arrow without label takes of a side, and
what of each side is left free at both ends, for shapes without corners."""
NEAR, AROUND, LOOP, STUB = 4.0, 14.0, 26.0, 16.0
"""Between a box and its labels; beside a label; how far a loop goes out of its box; how much of an
arrow is straight at each end."""
BEND, SLANT, STEEPEST = 38.0, 0.07, 70.0
"""The height of the room for bends: at least, more for wide ones, at most so much more."""
SWEEPS = 24


@dataclass(frozen=True, slots=True)
class Size:
    """How much room something takes."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle by its middle and size."""

    x: float
    y: float
    size: Size

    @property
    def left(self) -> float:
        return self.x - self.size.width / 2

    @property
    def right(self) -> float:
        return self.x + self.size.width / 2

    @property
    def top(self) -> float:
        return self.y - self.size.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.size.height / 2


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow to be laid, with the size of its label."""

    source: str
    target: str
    label: Size


@dataclass(frozen=True, slots=True)
class Route:
    """An arrow laid: straight down or up between the points of a pair, bent between pairs."""

    points: tuple[tuple[float, float], ...]
    """From where the label ends to the target; of a loop the four corners."""
    label: Place
    back: bool
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything in its place; routes in the order of the links."""

    boxes: Mapping[str, Place]
    routes: tuple[Route, ...]
    size: Size


def lay_out(first: str, sizes: Mapping[str, Size], links: Sequence[Link]) -> Layout:
    """Lay boxes (made wider where labels need it) and arrows; `first` leads to every box."""
    rows = rows_of(first, list(sizes), [(link.source, link.target) for link in links])
    return _Table(sizes, links, rows).layout()


class _Table:
    """The work on one layout."""

    def __init__(self, sizes: Mapping[str, Size], links: Sequence[Link], rows: Rows) -> None:
        self.links, self.rows = links, rows
        self.sizes = {
            name: Size(max(size.width, *self._sides(name)), size.height)
            for name, size in sizes.items()
        }
        self.x = self._columns()
        self.tops, self.height = self._heights()

    def layout(self) -> Layout:
        boxes = {name: self._place(name) for name in self.sizes}
        routes = tuple(self._route(number, boxes) for number in range(len(self.links)))
        width = max(self.x[cell] + self._reach(cell)[1] for row in self.rows.cells for cell in row)
        return Layout(boxes, routes, Size(width + MARGIN, self.height))

    # ---------------------------------------------------------------- across

    def _sides(self, name: str) -> tuple[float, float]:
        """How wide a box must be for the arrows at its top, and for those at its bottom."""
        above, below = self.rows.above(name), self.rows.below(name)
        return (
            sum(self._slot(n, name) for n in above) + 2 * INSET,
            sum(self._slot(n, name) for n in below) + 2 * INSET,
        )

    def _slot(self, number: int, name: str) -> float:
        link = self.links[number]
        return max(BARE, link.label.width + AROUND) if link.source == name else BARE

    def _reach(self, cell: Cell) -> tuple[float, float]:
        """How far a cell reaches to the left and to the right of its middle."""
        if not isinstance(cell, str):
            return BARE / 2, BARE / 2
        half = self.sizes[cell].width / 2
        labels = [self.links[n].label.width for n in self.rows.loops(cell)]
        return half, half + (LOOP + NEAR + max(labels) if labels else 0.0)

    def _columns(self) -> dict[Cell, float]:
        """The middle of each cell: near those that it is tied to, in the order of its row."""
        x: dict[Cell, float] = {}
        for row in self.rows.cells:
            x |= self._spread(row, dict.fromkeys(row, 0.0))
        for sweep in range(SWEEPS):
            order = self.rows.cells if sweep % 2 else self.rows.cells[::-1]
            for row in order:
                wanted = {}
                for cell in row:
                    near = self.rows.neighbours[cell]
                    wanted[cell] = sum(x[other] for other in near) / len(near) if near else x[cell]
                x |= self._spread(row, wanted)
        least = min(x[cell] - self._reach(cell)[0] for row in self.rows.cells for cell in row)
        return {cell: at - least + MARGIN for cell, at in x.items()}

    def _spread(self, row: Sequence[Cell], wanted: Mapping[Cell, float]) -> dict[Cell, float]:
        """Middles as near to the wanted ones as the cells' room allows, in least squares."""
        offsets, at = [], 0.0
        for number, cell in enumerate(row):
            if number:
                at += self._reach(row[number - 1])[1] + GAP + self._reach(cell)[0]
            offsets.append(at)
        groups: list[tuple[float, int]] = []
        for cell, offset in zip(row, offsets, strict=True):
            total, count = wanted[cell] - offset, 1
            while groups and groups[-1][0] / groups[-1][1] >= total / count:
                more, number = groups.pop()
                total, count = total + more, count + number
            groups.append((total, count))
        shifts = [total / count for total, count in groups for _ in range(count)]
        return {c: o + shift for c, o, shift in zip(row, offsets, shifts, strict=True)}

    # ---------------------------------------------------------------- down

    def _heights(self) -> tuple[list[tuple[float, float, float, float]], float]:
        """Of each row: where it begins, where boxes begin and end at most, where it ends."""
        found, y = [], MARGIN + BEND
        for number, row in enumerate(self.rows.cells):
            names = [cell for cell in row if isinstance(cell, str)]
            over = self._ends([n for name in names for n in self.rows.above(name)], number)
            under = self._ends([n for name in names for n in self.rows.below(name)], number)
            loops = [self.links[n].label.height for name in names for n in self.rows.loops(name)]
            box = max(*loops, *(self.sizes[name].height for name in names), 0.0)
            found.append((y, y + over, y + over + box, y + over + box + under))
            y += over + box + under + self._bend(row)
        return found, found[-1][3] + MARGIN

    def _ends(self, numbers: Sequence[int], row: int) -> float:
        """The height of these arrows' ends in a row, with the labels that stand here."""
        links = [self.links[number] for number in numbers]
        labels = [one.label.height for one in links if self.rows.number[one.source] == row]
        return STUB + (max(labels) + 2 * NEAR if labels else 0.0)

    def _bend(self, row: Sequence[Cell]) -> float:
        wide = max(
            (abs(self.x[cell] - self.x[other]) for cell in row for other in self.rows.next_[cell]),
            default=0.0,
        )
        return BEND + min(SLANT * wide, STEEPEST)

    def _place(self, name: str) -> Place:
        _, top, bottom, _ = self.tops[self.rows.number[name]]
        return Place(self.x[name], (top + bottom) / 2, self.sizes[name])

    # ---------------------------------------------------------------- arrows

    def _route(self, number: int, boxes: Mapping[str, Place]) -> Route:
        link = self.links[number]
        if link.source == link.target:
            return _loop(boxes[link.source], link.label)
        chain = self.rows.chains[number]
        upper, lower = str(chain[0]), str(chain[-1])
        start, end = self._port(number, upper), self._port(number, lower)
        back, height = number in self.rows.back, link.label.height + 2 * NEAR
        begin, stop = boxes[upper].bottom, boxes[lower].top
        begin, stop = (begin, stop - height) if back else (begin + height, stop)
        points = [(start, begin), (start, self.tops[self.rows.number[upper]][3])]
        for row, cell in enumerate(chain[1:-1], self.rows.number[upper] + 1):
            points += [(self.x[cell], self.tops[row][0]), (self.x[cell], self.tops[row][3])]
        points += [(end, self.tops[self.rows.number[lower]][0]), (end, stop)]
        if back:
            return Route(tuple(points[::-1]), Place(end, stop + height / 2, link.label), back)
        return Route(tuple(points), Place(start, begin - height / 2, link.label), back)

    def _port(self, number: int, name: str) -> float:
        """Where an arrow meets its box: in the order in which the arrows leave it."""
        up = self.rows.chains[number][-1] == name
        links = self.rows.above(name) if up else self.rows.below(name)
        ordered = sorted(links, key=lambda n: (self.x[self.rows.chains[n][-2 if up else 1]], n))
        slots = [self._slot(n, name) for n in ordered]
        at = ordered.index(number)
        spare = (self.sizes[name].width - 2 * INSET - sum(slots)) / (len(slots) + 1)
        left = self.x[name] - self.sizes[name].width / 2 + INSET
        return left + sum(slots[:at]) + slots[at] / 2 + spare * (at + 1)


def _loop(box: Place, label: Size) -> Route:
    out, high, low = box.right + LOOP, box.y - box.size.height / 5, box.y + box.size.height / 5
    corners = ((box.right, high), (out, high), (out, low), (box.right, low))
    return Route(corners, Place(out + NEAR + label.width / 2, box.y, label), True, True)
