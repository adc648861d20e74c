"""Choosing loops for a flat equation: which axis becomes lanes, which a register tile, which tasks.
By rule, no search.

The lane axis must run through memory with stride 0 or 1; the register tile is that axis which the
vector operand does not depend on, so that each load is used several times; the outermost loops
become tasks, enough of them to keep threads busy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tinygraph.loops.expr import Apply, Read, Reduce
from tinygraph.loops.index import Axis, Floor, Index
from tinygraph.loops.rewrite import reads, reductions, walk
from tinygraph.lowering.flat import Flat
from tinygraph.lowering.target import Target
from tinygraph.types import DType

TASK_WORK = 1 << 18
"""Elementary operations that make a task worth its overhead."""
MOST_TASKS = 256


@dataclass(frozen=True)
class Schedule:
    """The decisions for one kernel; `loops` lists the outer loops, outermost first, and `tasks` how
    many of them are tasks."""

    lane: Axis | None
    lanes: int
    vectors: int
    tile: Axis | None
    rows: int
    loops: tuple[str | Axis, ...] = ()
    """Output axes, and "vectors" and "tiles" for the blocks of the lane and the tile axis."""
    tasks: int = 0
    grain: int = 1
    """How many iterations of the last task loop make one task."""
    unroll: int = 1
    """Of the innermost reduction loop."""
    says: tuple[str, ...] = field(default=())


def _product(flat: Flat) -> tuple[Reduce, Read, Read] | None:
    found = [r for r in reductions(flat.expr) if r.kind == "add"]
    if len(found) != 1 or len(reductions(flat.expr)) != 1:
        return None
    body = found[0].body
    if isinstance(body, Apply) and body.function == "mul":
        x, y = body.args
        if isinstance(x, Read) and isinstance(y, Read):
            return found[0], x, y
    return None


def contraction_lane(flat: Flat, target: Target) -> tuple[Axis, Read, bool] | None:
    """Of a sum of products: the best lane axis, the operand that varies along it, and whether its
    lanes are neighbours."""
    found = _product(flat)
    if found is None:
        return None
    whole, x, y = found
    outer = set(flat.axes)
    if not (outer - x.axes and outer - y.axes):  # as in a depthwise convolution: a stencil
        return None
    lanes = target.lanes(whole.dtype)
    domain = math.prod(a.extent for a in whole.over)
    best: tuple[float, Axis, Read, bool] | None = None
    for axis in flat.axes:
        options = [(a, b) for a, b in ((x, y), (y, x)) if axis in a.axes and axis not in b.axes]
        if not options:
            continue
        wide, _ = options[0]
        unit = _stride(wide.indices[0], axis) == 1
        used = axis.extent / (-(-axis.extent // lanes) * lanes)
        reuse = flat.size * domain / max(_count(wide), 1)
        score = used * (1.0 if unit else 0.8 if reuse >= 16 else 0.1)
        score *= 1.0 if _stride(flat.address, axis) == 1 else 0.9 if domain >= 32 else 0.4
        if best is None or score > best[0]:
            best = score, axis, wide, unit
    return None if best is None else best[1:]


def _count(r: Read) -> int:
    return math.prod(a.extent for a in r.axes)


def _stride(address: Index, axis: Axis) -> int | None:
    """Elements from one position of the axis to the next, None where that changes."""
    if any(isinstance(atom, Floor) and axis in atom.axes for atom, _ in address.terms):
        return None
    return address.coefficient(axis)


def schedule(flat: Flat, target: Target) -> Schedule:
    """The loops for an equation."""
    lanes = target.lanes(_widest(flat))
    lane = lane_axis(flat, target)
    if lane is None:
        return _scalar(flat)
    lanes = min(lanes, lane.extent)
    blocks = -(-lane.extent // lanes)
    tile = tile_axis(flat, lane)
    vectors, rows = _register_tile(flat, target, blocks, tile)
    loops = _order(flat, target, lane, tile)
    plan = Schedule(lane, lanes, vectors, tile if rows > 1 else None, rows, loops)
    tasks, grain = _tasks(flat, plan)
    unroll = _unroll(flat, vectors * rows)
    return Schedule(
        lane,
        lanes,
        vectors,
        plan.tile,
        rows,
        loops,
        tasks,
        grain,
        unroll,
        tuple(_sentences(flat, plan)),
    )


def _scalar(flat: Flat) -> Schedule:
    plan = Schedule(None, 1, 1, None, 1, tuple(flat.axes))
    tasks, grain = _tasks(flat, plan)
    return Schedule(
        None,
        1,
        1,
        None,
        1,
        plan.loops,
        tasks,
        grain,
        1,
        ("no axis runs through memory in lanes: scalar loops",),
    )


def lane_axis(flat: Flat, target: Target) -> Axis | None:
    """The output axis that becomes vector lanes, None for scalar loops."""
    if (found := contraction_lane(flat, target)) is not None and found[2]:
        return found[0]
    return _map_lane(flat, target.lanes(_widest(flat)))


def _map_lane(flat: Flat, lanes: int) -> Axis | None:
    """The output axis that most accesses run along with stride 0 or 1, weighted by how full its
    vectors are."""
    accesses = [flat.address, *(r.indices[0] for r in reads(flat.expr))]
    costly = sum(
        isinstance(e, Apply) and e.function not in ("guard", "cast") for e in walk(flat.expr)
    )
    best: tuple[float, Axis] | None = None
    for axis in flat.axes:
        if axis.extent < 2:
            continue
        used = axis.extent / (-(-axis.extent // lanes) * lanes)
        strides = [_stride(i, axis) for i in accesses]
        slow = sum(s not in (0, 1) for s in strides)
        vector_cost = (costly + len(accesses) + slow * lanes) / used
        if strides[0] == 0:
            continue
        if best is None or vector_cost < best[0]:
            best = vector_cost, axis
    if best is None or best[0] > lanes * (costly + len(accesses)):
        return None
    return best[1]


def _widest(flat: Flat) -> DType:
    return max((e.dtype for e in [*reads(flat.expr), flat.expr]), key=lambda d: d.itemsize)


def tile_axis(flat: Flat, lane: Axis) -> Axis | None:
    """The axis along which a read that varies over the lanes is the same, so that one load serves
    several rows.

    Of a map that scatters its lanes: the axis along which the output is contiguous, so that whole
    cache lines are written.
    """
    if not reductions(flat.expr):
        if _stride(flat.address, lane) == 1:
            return None
        return next((a for a in flat.axes if _stride(flat.address, a) == 1 and a.extent > 1), None)
    inside = [r for red in reductions(flat.expr) for r in reads(red.body)]
    wide = [r for r in inside if lane in r.axes]
    narrow = [r for r in inside if lane not in r.axes]
    choices = [
        a
        for a in flat.axes
        if a is not lane and any(a not in r.axes for r in wide) and a.extent > 1
    ]
    choices = [a for a in choices if any(a in r.axes for r in narrow) or not narrow]
    if not choices:
        return None

    def rank(a: Axis) -> tuple[int, int]:
        strides = [abs(_stride(r.indices[0], a) or 1 << 30) for r in narrow or wide if a in r.axes]
        return (0 if a.extent >= 4 else 1), min(strides, default=0)

    return min(choices, key=rank)


def _register_tile(flat: Flat, target: Target, blocks: int, tile: Axis | None) -> tuple[int, int]:
    """vectors V and rows R of the tile: as many multiply-adds a load as fit into the registers."""
    if not reductions(flat.expr):
        return (
            (1, min(tile.extent, 16))
            if tile is not None
            else (min(blocks, 4 if _simple(flat) else 1), 1)
        )
    room = target.registers * 3 // 4
    if tile is None:
        return min(blocks, 4), 1
    best, choice = -1.0, (1, 1)
    for vectors in range(1, min(blocks, 4) + 1):
        for rows in range(1, min(room // vectors, 8) + 1):
            if vectors * rows > room:
                continue
            work = vectors * rows
            cycles = max(work / 2, (vectors + rows) / 2, 4 if work < 8 else 0)
            fill = (
                blocks
                / (-(-blocks // vectors) * vectors)
                * tile.extent
                / (-(-tile.extent // rows) * rows)
            )
            score = work / cycles * fill + 0.002 * work - 0.01 * vectors
            if score > best:
                best, choice = score, (vectors, rows)
    return choice


def _simple(flat: Flat) -> bool:
    return sum(isinstance(e, Apply) for e in walk(flat.expr)) <= 12


def _order(flat: Flat, target: Target, lane: Axis, tile: Axis | None) -> tuple[str | Axis, ...]:
    """The vector operand's panel for all lanes stays in the cache if it is small; else one panel
    serves all rows first."""
    outer = [a for a in flat.axes if a is not lane and a is not tile]
    ends = ["tiles"] if tile is not None else []
    if not reductions(flat.expr):
        return (*outer, *ends, "vectors")
    wide = [r for red in reductions(flat.expr) for r in reads(red.body) if lane in r.axes]
    weight = sum(_count(r) * r.dtype.itemsize for r in wide)
    if weight > target.l2 // 2 and tile is not None:
        return ("vectors", *outer, *ends)
    return (*outer, "vectors", *ends)


def extent_of(loop: str | Axis, plan: Schedule) -> int:
    """Iterations of an outer loop, a last incomplete block included."""
    if isinstance(loop, Axis):
        return loop.extent
    if loop == "vectors":
        assert plan.lane is not None
        return -(-plan.lane.extent // (plan.lanes * plan.vectors))
    assert plan.tile is not None
    return -(-plan.tile.extent // plan.rows)


def incomplete(loop: str | Axis, plan: Schedule) -> bool:
    """Whether an outer loop's last block is smaller than the others."""
    if loop == "vectors" and plan.lane is not None:
        return plan.lane.extent % (plan.lanes * plan.vectors) != 0
    return loop == "tiles" and plan.tile is not None and plan.tile.extent % plan.rows != 0


def tasks_of(plan: Schedule) -> int:
    """How many tasks the kernel has."""
    loops = [loop for loop in plan.loops if loop != "tiles" or plan.tile is not None][: plan.tasks]
    extents = [extent_of(loop, plan) for loop in loops]
    if extents and plan.grain > 1:
        extents[-1] = -(-extents[-1] // min(plan.grain, extents[-1]))
    return math.prod(extents)


def work_of(flat: Flat) -> int:
    """Elementary operations, roughly."""
    domain = max((math.prod(a.extent for a in r.over) for r in reductions(flat.expr)), default=1)
    each = sum(isinstance(e, Apply) for e in walk(flat.expr)) + 1
    return flat.size * (domain * min(each, 4) if domain > 1 else each * 4)


def _tasks(flat: Flat, plan: Schedule) -> tuple[int, int]:
    """How many of the loops are tasks, and the grain of the last of these."""
    loops = plan.loops if plan.tile is not None else tuple(a for a in plan.loops if a != "tiles")
    want = min(MOST_TASKS, max(1, work_of(flat) // TASK_WORK))
    count = 1
    for depth, loop in enumerate(loops):
        extent = extent_of(loop, plan)
        if count * extent >= want:
            need = -(-want // count)
            return depth + 1, max(1, extent // need)
        if incomplete(loop, plan):  # its last block has code of its own: no task loop inside
            return depth + 1, 1
        count *= extent
    return len(loops), 1


def _unroll(flat: Flat, accumulators: int) -> int:
    whole = reductions(flat.expr)
    if not whole or not whole[0].over:
        return 1
    extent = whole[0].over[-1].extent
    for unroll in (8, 4, 2):
        if accumulators * unroll <= 96 and extent % unroll == 0 and extent > unroll:
            return unroll
    return 4 if extent >= 16 and accumulators <= 24 else 1


def _sentences(flat: Flat, plan: Schedule) -> list[str]:
    assert plan.lane is not None
    text = [f"lanes: {plan.lane.name}, {plan.vectors} vectors of {plan.lanes}"]
    if plan.tile is not None:
        text.append(f"register tile: {plan.rows} of {plan.tile.name} x {plan.vectors} vectors")
    return text
