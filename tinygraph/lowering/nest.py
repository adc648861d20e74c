"""Building the loops of a kernel from a flat equation and its schedule."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

from tinygraph.loops.elementary import expanded
from tinygraph.loops.expr import (
    Expr,
    Reduce,
    apply,
    identity,
    index_value,
    read,
)
from tinygraph.loops.index import Axis, Index, index, substitute_index
from tinygraph.loops.ir import Accumulate, Buffer, For, If, Kernel, Stmt, Store
from tinygraph.loops.rewrite import (
    reads,
    replace_parts,
    substitute,
    walk,
)
from tinygraph.lowering.flat import Flat
from tinygraph.lowering.schedule import Schedule, extent_of, incomplete
from tinygraph.types import DType

SMALL_DOMAIN = 16


def kernel_of(flat: Flat, plan: Schedule, name: str) -> Kernel:
    """The kernel that computes `flat` by `plan`."""
    body = _Nest(flat, plan).build()
    return Kernel(name, operands_of(flat), body, (*flat.says, *plan.says))


def operands_of(flat: Flat) -> tuple[Buffer, ...]:
    """The kernel's global buffers, the written one first."""
    operands: dict[Buffer, None] = {flat.buffer: None}
    for r in reads(flat.expr):
        assert isinstance(r.source, Buffer)
        operands[r.source] = None
    return tuple(operands)


class _Block:
    """A stretch of the lane or the tile axis that one copy of the body handles."""

    def __init__(self, start: Index, rows: int = 1, lanes: tuple[tuple[int, int], ...] = ((0, 1),)):
        self.start, self.rows, self.lanes = start, rows, lanes
        # lanes: (how many vectors, their width)


class _Nest:
    def __init__(self, flat: Flat, plan: Schedule):
        self.flat, self.plan = flat, plan
        self.expr = expanded(flat.expr)
        self.names = (f"acc{n}" if n > 1 else "acc" for n in itertools.count(1))
        """Of the registers, each one's own."""

    def build(self) -> tuple[Stmt, ...]:
        return self._outer(list(self.plan.loops), 0, {}, {})

    # ---- outer loops -----------------------------------------------------------------------------
    # --------------------

    def _outer(
        self, loops: list, depth: int, to: dict[Axis, Index], blocks: dict[str, _Block]
    ) -> tuple[Stmt, ...]:
        if not loops:
            return tuple(self._body(to, blocks))
        loop, rest = loops[0], loops[1:]
        if loop == "tiles" and self.plan.tile is None:
            return self._outer(rest, depth, to, blocks)
        extent = extent_of(loop, self.plan)
        inner = lambda at: self._iteration(loop, at, rest, depth + 1, to, blocks)  # noqa: E731
        if depth >= self.plan.tasks:
            return self._serial(loop, extent, inner)
        if depth == self.plan.tasks - 1 and self.plan.grain > 1:
            return self._grained(loop, extent, inner)
        axis = Axis(self._name(loop), extent)
        return (For(axis, self._pick(loop, index(axis), extent, inner), "task"),)

    def _name(self, loop: str | Axis) -> str:
        return loop.name if isinstance(loop, Axis) else {"vectors": "vb", "tiles": "tb"}[loop]

    def _iteration(self, loop, at: tuple[Index, bool], rest, depth, to, blocks) -> tuple[Stmt, ...]:
        position, last = at
        if isinstance(loop, Axis):
            return self._outer(rest, depth, {**to, loop: position}, blocks)
        block = (
            self._vector_block(position, last)
            if loop == "vectors"
            else self._tile_block(position, last)
        )
        return self._outer(rest, depth, to, {**blocks, loop: block})

    def _pick(
        self, loop: str | Axis, position: Index, extent: int, inner: Callable
    ) -> tuple[Stmt, ...]:
        """The body at a position known only when running: the last block has code of its own if it
        is smaller."""
        if not incomplete(loop, self.plan):
            return inner((position, False))
        if extent == 1:
            return inner((position, True))
        full = apply("lt", index_value(position, DType.int32), extent - 1)
        return (If(full, inner((position, False)), inner((index(extent - 1), True))),)

    def _serial(self, loop: str | Axis, extent: int, inner: Callable) -> tuple[Stmt, ...]:
        full = extent - 1 if incomplete(loop, self.plan) else extent
        stmts: tuple[Stmt, ...] = ()
        if full:
            axis = Axis(self._name(loop), full)
            stmts = (For(axis, inner((index(axis), False))),)
        return stmts if full == extent else (*stmts, *inner((index(full), True)))

    def _grained(self, loop: str | Axis, extent: int, inner: Callable) -> tuple[Stmt, ...]:
        grain = min(self.plan.grain, extent)
        task = Axis(f"{self._name(loop)}_task", -(-extent // grain))
        axis = Axis(self._name(loop), grain)
        stop = None if extent % grain == 0 else extent - index(task) * grain
        body = self._pick(loop, index(task) * grain + axis, extent, inner)
        return (For(task, (For(axis, body, "serial", stop),), "task"),)

    def _vector_block(self, position: Index, last: bool) -> _Block:
        lane, lanes, vectors = self.plan.lane, self.plan.lanes, self.plan.vectors
        assert lane is not None
        start = position * (lanes * vectors)
        if not last:
            return _Block(start, lanes=((vectors, lanes),))
        left = lane.extent % (lanes * vectors)
        widths = [(left // lanes, lanes), (1, left % lanes)]
        return _Block(start, lanes=tuple((n, w) for n, w in widths if n and w))

    def _tile_block(self, position: Index, last: bool) -> _Block:
        tile = self.plan.tile
        assert tile is not None
        return _Block(
            position * self.plan.rows, tile.extent % self.plan.rows if last else self.plan.rows
        )

    # ---- one register tile
    # -------------------------------------------------------------------------------------------

    def _body(self, to: dict[Axis, Index], blocks: dict[str, _Block]) -> Iterator[Stmt]:
        tile = blocks.get("tiles", _Block(index(0)))
        lane = blocks.get("vectors", _Block(index(0)))
        expr, address = substitute(self.expr, to), substitute_index(self.flat.address, to)
        done: dict[Expr, _Cells] = {}
        yield from self._reductions(expr, tile, lane, done, ())
        for spot, wrap in self._spots(tile, lane):
            value = self._at(expr, done, spot)
            yield wrap(Store(self.flat.buffer, substitute_index(address, spot.to), value))

    def _spots(self, tile: _Block, lane: _Block) -> Iterator[tuple[_Spot, Callable[[Stmt], Stmt]]]:
        """Every vector of the tile, as unrolled loops around one statement; one entry for each
        vector width."""
        row = Axis("t", tile.rows)
        offset = 0
        for count, width in lane.lanes if self.plan.lane is not None else ((1, 1),):
            vector, inner = Axis("v", count), Axis("l", width)
            to: dict[Axis, Index] = {}
            if self.plan.tile is not None:
                to[self.plan.tile] = tile.start + row
            if self.plan.lane is not None:
                to[self.plan.lane] = lane.start + offset + index(vector) * width + inner
            cell = (index(row) * count + vector) * width + inner
            size = tile.rows * count * width

            def wrap(*body: Stmt, axes: tuple = (row, vector, inner)) -> Stmt:
                row, vector, inner = axes
                if inner.extent > 1:
                    body = (For(inner, body, "vector"),)
                for axis in (vector, row):
                    if axis.extent > 1:
                        body = (For(axis, body, "unroll"),)
                assert len(body) == 1
                return body[0]

            yield _Spot(to, cell, size, (offset, width)), wrap
            offset += count * width

    def _reductions(
        self,
        expr: Expr,
        tile: _Block,
        lane: _Block,
        done: dict[Expr, _Cells],
        outside: tuple[Axis, ...],
    ) -> Iterator[Stmt]:
        """Loops for every reduction in `expr`, inner ones first; their results are then cells in
        `done`."""
        for whole in walk(expr):
            if (
                not isinstance(whole, Reduce)
                or whole in done
                or not _free_of(whole, expr, done, outside)
            ):
                continue
            cells = _Cells(whole, self.names)
            for spot, wrap in self._spots(tile, lane):
                yield wrap(Store(cells.buffer(spot), spot.cell, identity(whole.kind, whole.dtype)))
            yield from self._loops(whole, list(whole.over), {}, tile, lane, done, cells)
            done[whole] = cells

    def _loops(
        self, whole: Reduce, over: list[Axis], to, tile, lane, done, cells
    ) -> Iterator[Stmt]:
        if not over:
            body = substitute(whole.body, to)
            inner = dict(done)
            yield from self._reductions(body, tile, lane, inner, whole.over)
            for spot, wrap in self._spots(tile, lane):
                value = self._at(body, inner, spot)
                yield wrap(Accumulate(whole.kind, cells.buffer(spot), spot.cell, value))
            return
        axis, rest = over[0], over[1:]
        domain = math.prod(a.extent for a in over)
        rows = tile.rows * sum(n for n, _ in lane.lanes)
        if domain <= SMALL_DOMAIN and domain * rows <= 128:
            fresh = Axis(axis.name, axis.extent)
            yield For(
                fresh,
                tuple(
                    self._loops(whole, rest, {**to, axis: index(fresh)}, tile, lane, done, cells)
                ),
                "unroll",
            )
            return
        unroll = self.plan.unroll if not rest else 1
        full = axis.extent // unroll
        if full:
            high, low = Axis(axis.name, full), Axis(f"{axis.name}_u", unroll)
            at = index(high) * unroll + low
            body = tuple(self._loops(whole, rest, {**to, axis: at}, tile, lane, done, cells))
            yield For(high, (For(low, body, "unroll"),) if unroll > 1 else body)
        if axis.extent % unroll:
            low = Axis(axis.name, axis.extent % unroll)
            at = index(low) + full * unroll
            yield For(
                low,
                tuple(self._loops(whole, rest, {**to, axis: at}, tile, lane, done, cells)),
                "unroll",
            )

    def _at(self, e: Expr, done: dict[Expr, _Cells], spot: _Spot) -> Expr:
        """`e` at the spot, finished reductions replaced by their registers."""
        if e.has_reduce:
            e = replace_parts(e, {whole: cells.value(spot) for whole, cells in done.items()})
        return substitute(e, spot.to)


class _Spot:
    """One vector of the register tile: where it lies on the lane and tile axes, and which register
    cell it has."""

    def __init__(self, to: dict[Axis, Index], cell: Index, size: int, key: tuple[int, int]):
        self.to, self.cell, self.size, self.key = to, cell, size, key


class _Cells:
    """The registers that hold one reduction's results, a buffer for each vector width."""

    def __init__(self, whole: Reduce, names: Iterator[str]):
        self.whole = whole
        self.names = names
        self.buffers: dict[tuple[int, int], Buffer] = {}

    def buffer(self, spot: _Spot) -> Buffer:
        if spot.key not in self.buffers:
            self.buffers[spot.key] = Buffer(
                next(self.names), self.whole.dtype, spot.size, "register"
            )
        return self.buffers[spot.key]

    def value(self, spot: _Spot) -> Expr:
        buffer = self.buffer(spot)
        return read(buffer, (buffer.size,), buffer.dtype, (spot.cell,))


def _free_of(
    whole: Reduce, expr: Expr, done: dict[Expr, _Cells], outside: tuple[Axis, ...]
) -> bool:
    """Whether the reduction can be computed here: none of its axes is bound by a reduction around
    it that is not open yet."""
    bound = {
        a
        for e in walk(expr)
        if isinstance(e, Reduce) and e is not whole
        for a in e.over
        if _contains(e, whole)
    }
    return whole.axes.isdisjoint(bound)


def _contains(outer: Expr, inner: Expr) -> bool:
    return any(e is inner for e in walk(outer))
