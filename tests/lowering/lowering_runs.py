"""Running a graph on the llvm backend and on the naive evaluator of the loop IR."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from tinygraph_llvm.backend import LLVMBackend

from tinygraph.graph import Example, Graph, Node, Placeholder, make
from tinygraph.loops.evaluate import run_kernel
from tinygraph.lowering import Program, Target, lower
from tinygraph.types import DType, TensorType


@functools.cache
def backend(machine: str = "host") -> LLVMBackend:
    return LLVMBackend(machine)


def graph_of(example: Example, arrays: Sequence[np.ndarray]) -> Graph:
    """The example's op on placeholders for the arrays."""
    types = [TensorType(a.shape, DType(str(a.dtype))) for a in arrays]
    inputs = [Node(Placeholder(k), (), t) for k, t in enumerate(types)]
    return Graph(tuple(inputs), (make(example.op, *inputs),))


def on_llvm(
    graph: Graph, arrays: Sequence[np.ndarray], machine: str = "host", threads: int = 2
) -> list[np.ndarray]:
    """The outputs, computed into memory that is full of rubbish, with guarded borders."""
    owner = backend(machine)
    program = lower(graph, owner.target)
    executable = owner.compile(program, threads)
    executable.arena.view[program.zeros :] = 255
    memory = [np.full(node.type.size + 32, 77, node.dtype.numpy) for node in graph.outputs]
    outputs = [m[16:-16].reshape(n.shape) for m, n in zip(memory, graph.outputs, strict=True)]
    before = [a.copy() for a in arrays]
    executable.run(arrays, outputs)
    for m in memory:
        assert (m[:16] == m.dtype.type(77)).all(), "wrote before its output"
        assert (m[-16:] == m.dtype.type(77)).all(), "wrote behind its output"
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)
    return outputs


def on_loops(
    graph: Graph,
    arrays: Sequence[np.ndarray],
    target: Target | None = None,
    reverse_tasks: bool = False,
    program: Program | None = None,
) -> list[np.ndarray]:
    """The outputs by the naive evaluator; an address outside its memory is an IndexError."""
    program = program or lower(graph, target or Target())
    outputs = [np.full(n.type.size, 77, n.dtype.numpy) for n in graph.outputs]
    memory = dict(zip(program.outputs, outputs, strict=True))
    for buffer, array in zip(program.inputs, arrays, strict=True):
        if buffer is not None:
            memory[buffer] = array.reshape(-1)
    for call in program.calls:
        for buffer in call.operands:
            memory.setdefault(buffer, np.zeros(buffer.size, buffer.dtype.numpy))
        run_kernel(call.kernel, [memory[b] for b in call.operands], reverse_tasks)
    return [o.reshape(n.shape) for o, n in zip(outputs, graph.outputs, strict=True)]
