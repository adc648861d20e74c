"""The order of `get_weights()` in Keras.

Layer by layer: what is trained, then other state, then the layers inside. The layers of a
functional model come by depth: those farthest from the outputs first, and of one depth in the order
in which they are met from the outputs backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tinygraph.nn.layer import Layer
from tinygraph.nn.model import Model
from tinygraph.nn.sequential import Sequential
from tinygraph.nn.structure import leaves
from tinygraph.nn.symbol import Call, Symbol
from tinygraph.tensor import Parameter

Weights = dict[str, Parameter]


def keras_order(model: Layer) -> Weights:
    """The model's weights by path, in the order that Keras would list them in."""
    return _weights(model, _by_depth)


def order_of_use(model: Layer) -> Weights:
    """The same with layers in the order of their first use."""
    return _weights(model, lambda model: [layer for _, layer in model.sublayers()])


def _weights(model: Layer, order: Callable[[Layer], list[Layer]]) -> Weights:
    paths = {p: path for path, p in model.named_parameters().items()}
    return {paths[p]: p for p in dict.fromkeys(_walk(model, order))}


def _walk(layer: Layer, order: Callable[[Layer], list[Layer]]) -> Iterator[Parameter]:
    own = [v for v in vars(layer).values() if isinstance(v, Parameter) and v.dtype.is_float]
    yield from [p for p in own if p.trainable]
    yield from [p for p in own if not p.trainable]
    for inner in order(layer):
        yield from _walk(inner, order)


def _by_depth(model: Layer) -> list[Layer]:
    if isinstance(model, Sequential) or not (isinstance(model, Model) and model.calls):
        return [layer for _, layer in model.sublayers()]
    calls, met = _backwards(model)
    depths: dict[int, int] = {}
    deepest: dict[Layer, int] = {}
    for call in reversed(calls):
        depth = max(depths.get(id(call), 0), deepest.get(call.layer, 0))
        deepest[call.layer] = depth
        for source in _sources(call, model):
            depths[id(source)] = max(depth + 1, depths.get(id(source), 0))
    return sorted(deepest, key=lambda layer: (-deepest[layer], met[layer]))


def _backwards(model: Model) -> tuple[list[Call], dict[Layer, int]]:
    """The calls, each after those it needs; and when each layer is met from the outputs."""
    done: list[Call] = []
    met: dict[Layer, int] = {}
    seen: set[int] = set()
    stack = [(s.call, False) for s in reversed([*leaves(model.outputs)])]
    while stack:
        call, finished = stack.pop()
        if call is None:
            continue
        if finished:
            done.append(call)
        elif id(call) not in seen:
            seen.add(id(call))
            met.setdefault(call.layer, len(met))
            stack.append((call, True))
            stack += [(source, False) for source in reversed(_sources(call, model))]
    return done, met


def _sources(call: Call, model: Model) -> list[Call]:
    """The calls within the model whose results a call takes."""
    known: set[Symbol] = {*leaves(model.inputs)}
    return [s.call for s in call.inputs() if s not in known and s.call is not None]
