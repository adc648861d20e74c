"""The order of an image's numbers when it is a row: ours is H,W,C, PyTorch's is C,H,W.

So a dense layer after a flatten has its rows in another order there. This file follows the symbols
of a model from each layer back to where an image became a row, and from a row that becomes an
image back to the layers that made it. Where the model itself puts the channels first, with a
Permute beside the row, the order is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygraph.nn.layer import Layer
from tinygraph.nn.layers import Concatenate, Dense, Flatten, Permute, Reshape
from tinygraph.nn.model import Model
from tinygraph.nn.structure import leaves
from tinygraph.nn.symbol import Call, Symbol

Order = np.ndarray
"""For each of our positions the position in PyTorch."""


class FeatureOrders:
    """The order of the features that each layer of a model takes and gives, where it differs."""

    def __init__(self, model: Layer) -> None:
        self._outer: dict[Symbol, Symbol] = {}
        """What an inner model's inputs are in the outer one."""
        self._calls: list[Call] = []
        self._collect(model)
        self._taken: dict[Layer, Order] = {}
        self._given: dict[Layer, Order] = {}
        for call in self._calls:
            order = self._order(_first(call))
            if order is not None:
                self._taken.setdefault(call.layer, order)
            if isinstance(call.layer, Reshape):
                self._mark_makers(call)

    def taken(self, layer: Layer) -> Order | None:
        """The order of what `layer` takes; None if it is the same."""
        return self._taken.get(layer)

    def given(self, layer: Layer) -> Order | None:
        """The order of what `layer` gives."""
        return self._given.get(layer)

    def _collect(self, layer: Layer) -> None:
        if not isinstance(layer, Model) or not layer.calls:
            return
        for call in layer.calls:
            inner = call.layer
            if isinstance(inner, Model) and inner.calls:
                known = leaves(inner.inputs) if inner.inputs is not None else ()
                for symbol, given in zip(known, call.inputs()):
                    self._outer.setdefault(symbol, given)
                self._collect(inner)
            else:
                self._calls.append(call)

    def _made(self, symbol: Symbol) -> Call | None:
        """The call that makes a symbol, in the innermost model."""
        while True:
            if symbol in self._outer:
                symbol = self._outer[symbol]
            elif symbol.call is None:
                return None
            elif isinstance(symbol.call.layer, Model) and symbol.call.layer.calls:
                symbol = [*leaves(symbol.call.layer.outputs)][symbol.position]
            else:
                return symbol.call

    def _made_by(self, call: Call) -> Call | None:
        """The call that makes what a call takes first."""
        source = _first(call)
        return None if source is None else self._made(source)

    def _order(self, symbol: Symbol | None) -> Order | None:
        """The order of the features of a row."""
        call = self._made(symbol) if symbol is not None and len(symbol.shape) == 2 else None
        if call is None or isinstance(call.layer, Dense):
            return None
        source = _first(call)
        if isinstance(call.layer, Flatten | Reshape) and source is not None:
            shape = source.shape[1:]
            before = self._made(source)
            if before is not None and _moves_channels(before.layer, len(shape), first=True):
                return None
            return _image_order(shape) if len(shape) > 1 else self._order(source)
        if isinstance(call.layer, Concatenate):
            return self._joined(call)
        return self._order(source)

    def _joined(self, call: Call) -> Order | None:
        orders, start = [], 0
        for part in call.inputs():
            extent = part.shape[-1]
            if len(part.shape) != 2 or extent is None:
                return None
            order = self._order(part)
            orders.append(start + (np.arange(extent) if order is None else order))
            start += extent
        return np.concatenate(orders)

    def _mark_makers(self, call: Call) -> None:
        """The layers that make a row which becomes an image give it in our order."""
        source, image = _first(call), next(leaves(call.result)).shape[1:]
        if source is None or len(source.shape) != 2 or len(image) < 2:
            return
        after = [c.layer for c in self._calls if self._made_by(c) is call]
        if any(_moves_channels(layer, len(image), first=False) for layer in after):
            return
        order = _image_order(image)
        while source is not None and order is not None and len(source.shape) == 2:
            made = self._made(source)
            if made is None or isinstance(made.layer, Flatten):
                return
            self._given.setdefault(made.layer, order)
            if isinstance(made.layer, Dense):
                return
            self._taken.setdefault(made.layer, order)
            source = _first(made)


def _image_order(shape: Any) -> Order | None:
    """Where space..., C are in C, space...; None if that is the same."""
    if None in shape:
        return None
    *space, channels = shape
    there = np.arange(int(np.prod(shape))).reshape(channels, *space)
    order = np.moveaxis(there, 0, -1).ravel()
    return None if (order == np.arange(order.size)).all() else order


def _moves_channels(layer: Layer, rank: int, first: bool) -> bool:
    """Whether it is the Permute from H,W,C to C,H,W, or back."""
    wanted = (rank, *range(1, rank)) if first else (*range(2, rank + 1), 1)
    return isinstance(layer, Permute) and layer.dims == wanted


def _first(call: Call) -> Symbol | None:
    return next(iter(call.inputs()), None)
