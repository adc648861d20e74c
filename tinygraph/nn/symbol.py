"""Symbols: what a functional model is written with before there are numbers.

A symbol has a shape, in which None stands for an extent that is free, and the call that makes it.
What a layer gives for symbols is found by running it on placeholders, so a layer need not say it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn

from tinygraph.errors import ShapeError, TinygraphError, TraceError
from tinygraph.graph import Origin, origin_here, place_of
from tinygraph.nn.structure import leaves, mapped
from tinygraph.tensor import Tensor, wrap
from tinygraph.tensor.numpy_calls import explained_numpy_calls
from tinygraph.trace import Trace
from tinygraph.types import DType, TensorType, dtype_of

if TYPE_CHECKING:
    from tinygraph.nn.layer import Layer

Shape = tuple["int | None", ...]

PROBES = ((2, 960), (3, 1920))
"""What free extents are taken for, to see which ones of a result are free: (first axis, others)."""


class Symbol:
    """A tensor that a model will compute: a shape and a dtype, and where it comes from."""

    __slots__ = ("call", "dtype", "name", "position", "shape")

    def __init__(
        self,
        shape: Shape,
        dtype: DType,
        call: Call | None = None,
        position: int = 0,
        name: str | None = None,
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.call = call
        self.position = position
        """Which of the call's results it is."""
        self.name = name

    def __str__(self) -> str:
        return f"{self.dtype}{shape_text(self.shape)}"

    def __repr__(self) -> str:
        return f"<symbol {self}>"

    def __add__(self, other: Any) -> Any:
        return _operator("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operator("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _operator("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operator("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return _operator("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operator("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operator("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operator("div", other, self)

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TraceError(
            "a symbol of a model has no numbers; apply a layer to it, or a function as in "
            f"tg.nn.Lambda(tg.exp)(x){place_of(origin_here())}"
        )

    __array_ufunc__ = None


@dataclass(eq=False)
class Call:
    """One use of a layer on symbols."""

    layer: Layer
    args: tuple[Any, ...]
    training: bool | None
    """What was said about training here; None leaves it to the model's own call."""
    origin: Origin | None
    """The user's line, and the scope the call was written in."""
    result: Any = None
    """The symbols it gives."""
    number: int = field(default_factory=count().__next__)
    """A later call has a greater one."""

    def inputs(self) -> list[Symbol]:
        """The symbols among its arguments."""
        return [leaf for leaf in leaves(self.args) if isinstance(leaf, Symbol)]


def Input(
    shape: Sequence[int | None] | int,
    dtype: Any = "float32",
    name: str | None = None,
    batch_size: int | None = None,
) -> Symbol:
    """An input of a functional model; `shape` is that of one example, without the batch axis.

    None stands for an extent that is free, as the height and width of images may be.
    """
    extents: tuple[Any, ...] = (shape,) if isinstance(shape, int) else tuple(shape)
    if not all(n is None or (isinstance(n, int) and n > 0) for n in extents):
        raise ShapeError(
            f"Input needs positive extents, or None, got {shape}{place_of(origin_here())}"
        )
    return Symbol((batch_size, *extents), dtype_of(dtype), None, 0, name)


def InputLayer(
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    dtype: Any = "float32",
    name: str | None = None,
    input_shape: Sequence[int | None] | int | None = None,
) -> Symbol:
    """`Input` as the first item of a `Sequential`; `input_shape=` is its older argument."""
    extents = input_shape if shape is None else shape
    if extents is None:
        raise ShapeError(f"InputLayer needs the shape of one example{place_of(origin_here())}")
    return Input(extents, dtype or "float32", name, batch_size)


def called(layer: Layer, args: tuple[Any, ...], training: bool | None) -> Any:
    """The symbols that `layer` gives for symbols; layers are built in passing."""
    layer.ensure_built(args)
    results = [_probe(layer, args, training, probe) for probe in range(len(PROBES))]
    firsts, seconds = ([*leaves(result)] for result in results)
    shapes = [
        tuple(a if a == b else None for a, b in zip(first.shape, second.shape, strict=True))
        for first, second in zip(firsts, seconds, strict=True)
    ]
    call = Call(layer, args, training, origin_here())
    symbols = [
        Symbol(shape, first.dtype, call, k)
        for k, (shape, first) in enumerate(zip(shapes, firsts, strict=True))
    ]
    rest = iter(symbols)
    result = mapped(results[0], lambda _: next(rest))
    call.result = result
    layer.note_use(call)
    return result


def _probe(layer: Layer, args: tuple[Any, ...], training: bool | None, probe: int) -> Any:
    """What the layer gives for placeholders in place of the symbols."""
    trace = Trace()
    with trace.active():

        def placeholder(leaf: Any) -> Any:
            if not isinstance(leaf, Symbol):
                return leaf
            return wrap(trace.input(TensorType(_filled(leaf.shape, probe), leaf.dtype)))

        try:
            with explained_numpy_calls(f"{type(layer).__name__} {layer.name}"):
                result = layer.run(mapped(args, placeholder), bool(training))
        except TinygraphError as error:
            error.args = (_told(str(error), layer, args, probe),)
            raise
    if not all(isinstance(leaf, Tensor) for leaf in leaves(result)):
        raise TraceError(f"layer {layer.name} must give tensors, got {result!r}")
    return result


def _told(text: str, layer: Layer, args: tuple[Any, ...], probe: int) -> str:
    """An error's text with the layer's name in it, and N where the placeholders have a number."""
    for leaf in leaves(args):
        if isinstance(leaf, Symbol) and None in leaf.shape:
            filled = ",".join(map(str, _filled(leaf.shape, probe)))
            text = text.replace(f"[{filled}]", shape_text(leaf.shape))
    kind = type(layer).__name__
    return text if layer.name in text or kind in text else f"{kind} {layer.name}: {text}"


def _filled(shape: Shape, probe: int) -> tuple[int, ...]:
    first, others = PROBES[probe]
    return tuple(
        n if n is not None else first if axis == 0 else others for axis, n in enumerate(shape)
    )


def shape_text(shape: Shape) -> str:
    """[N,28,28,1]: the batch axis is N, another free one is ?."""
    words = [str(n) if n is not None else "N" if axis == 0 else "?" for axis, n in enumerate(shape)]
    return f"[{','.join(words)}]"


def _operator(name: str, left: Any, right: Any) -> Any:
    from tinygraph import functional
    from tinygraph.nn.layers.function import Operator

    return Operator(getattr(functional, name))(left, right)
