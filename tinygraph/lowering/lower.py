"""Graph -> Program: the whole way down, one step after the other."""

from __future__ import annotations

from tinygraph.graph import Graph, Node, is_leaf
from tinygraph.loops.index import Axis, index
from tinygraph.loops.ir import Buffer
from tinygraph.loops.rewrite import reads
from tinygraph.lowering.equation import Array, Equation
from tinygraph.lowering.flat import Flat, flatten, merged
from tinygraph.lowering.layout import Layouts
from tinygraph.lowering.packing import packed
from tinygraph.lowering.partition import split_reduction
from tinygraph.lowering.prepare import Preparation
from tinygraph.lowering.program import Call, Program, plan_memory, with_barriers
from tinygraph.lowering.regions import regions
from tinygraph.lowering.schedule import schedule
from tinygraph.lowering.target import Target


def lower(graph: Graph, target: Target) -> Program:
    """The program that computes the graph's outputs from its inputs on `target`."""
    equations, arrays = regions(graph)
    outputs = _outputs(graph, arrays, equations)
    preparation = Preparation()
    prepared = [e for equation in equations for e in preparation.prepared(equation)]
    layouts = Layouts(prepared, preparation.halos)
    calls: list[Call] = []
    for equation in layouts.equations:
        if equation.size:
            calls.extend(calls_of(equation, layouts, target, len(calls)))
    parts = {array: layouts.parts(array) for call in calls for array in call.reads}
    used = {b for call in calls for b in call.operands}
    inputs = [_input(arrays.get(node), layouts, used) for node in graph.inputs]
    program = Program(
        with_barriers(calls, parts),
        inputs,
        [layouts.of(a).buffer for a in outputs],
        name=graph.name,
    )
    plan_memory(program, _margins(layouts))
    return program


def _input(array: Array | None, layouts: Layouts, used: set[Buffer]) -> Buffer | None:
    buffer = layouts.of(array).buffer if array is not None else None
    return buffer if buffer in used else None


def _outputs(graph: Graph, arrays: dict[Node, Array], equations: list[Equation]) -> list[Array]:
    """An array of its own for each output; one that is an input, or was there before, is copied."""
    taken: set[Node] = set()
    result: list[Array] = []
    for number, node in enumerate(graph.outputs):
        array = arrays[node]
        if is_leaf(node) or node in taken:
            copy = Array(f"output_{number}", array.type, node, external=True)
            axes = tuple(Axis(f"i{k}", n) for k, n in enumerate(array.type.shape))
            equations.append(
                Equation(copy, axes, tuple(map(index, axes)), array.operand()[axes], (node,))
            )
            array = copy
        taken.add(node)
        result.append(array)
    return result


def calls_of(equation: Equation, layouts: Layouts, target: Target, number: int) -> list[Call]:
    """The kernels for one equation: often one, more where a reduction is split or an operand
    packed."""
    sources = [r.source for r in reads(equation.expr) if isinstance(r.source, Array)]
    owners = {layouts.of(a).buffer: a for a in sources}
    calls: list[Call] = []
    for flat in flats(equation, layouts, target):
        plan = schedule(flat, target)
        name = f"{flat.buffer.name}_{number + len(calls)}"
        array = equation.array
        if flat.buffer is not layouts.of(equation.array).buffer:
            array = owners[flat.buffer] = Array(flat.buffer.name, equation.array.type)
        read = {r.source for r in reads(flat.expr)}
        inside = [
            a
            for a in dict.fromkeys((*sources, *owners.values()))
            if _buffer(a, layouts, owners) in read
        ]
        calls.append(Call(name, flat, plan, equation.nodes, array, tuple(inside)))
    return calls


def _buffer(array: Array, layouts: Layouts, owners: dict[Buffer, Array]) -> Buffer:
    return next((b for b, a in owners.items() if a is array), layouts.of(array).buffer)


def flats(equation: Equation, layouts: Layouts, target: Target) -> list[Flat]:
    """The flat equations for one equation, in the order in which they must run."""
    result: list[Flat] = []
    for flat in split_reduction(merged(flatten(equation, layouts)), target):
        result.extend(map(merged, packed(flat, target)))
    return result


def _margins(layouts: Layouts) -> dict[Buffer, tuple]:
    return {
        layout.buffer: (
            layout.buffer.size,
            layout.buffer.dtype,
            tuple(layouts.halos.get(array, ())),
            array.type.shape,
        )
        for array, layout in layouts.layouts.items()
        if layout.margin and array not in layouts.views
    }
