"""Weights from PyTorch and back: its names, NCHW, and its order of axes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.nn.layer import Layer
from tinygraph.tensor import Tensor, assign
from tinygraph.weights.archive import load_arrays, save_arrays
from tinygraph.weights.pytorch_layers import Module, Part, kind_there, modules_of

KIND = "weights for PyTorch"
COUNTER = "num_batches_tracked"
Names = Mapping[str, "str | None"]


@dataclass(frozen=True)
class Correspondence:
    """Which layer of ours is which module there."""

    pairs: list[tuple[Module, str]]
    left_out: list[str]
    """Layers of ours that have no weights there."""

    def __str__(self) -> str:
        return "\n".join([*self.lines(), *(f"{path}  left out" for path in self.left_out)])

    def lines(self) -> list[str]:
        """layer  module  shape there, one line a pair."""
        rows = [(m.path, there, _shape(m.parts[0].shape)) for m, there in self.pairs]
        widths = [max((len(row[k]) for row in rows), default=0) for k in range(2)]
        return [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}" for a, b, c in rows]


def from_pytorch(
    model: Layer,
    source: str | Path | Mapping[str, Any],
    names: Names | None = None,
    ignore: Iterable[str] = (),
    verbose: bool = False,
) -> Correspondence:
    """Gives `model` the weights of a PyTorch net, translated to our order of axes.

    `source` is a safetensors file, or a `state_dict()` (arrays or CPU tensors by name). Which layer
    is which module follows from `names` ({layer's path: module's name}, None leaves a layer as it
    is); where a module is called like the layer, from that; and else from the order, convolutions
    by convolutions, dense layers by dense layers, normalisations by normalisations. `ignore` are
    modules (also all below them) that no layer stands for. The result says what became of what;
    `verbose` prints it.

    A `DataError` names layer and module with their shapes where they do not fit; then nothing is
    changed. PyTorch's BatchNorm has epsilon 1e-5: a layer has to be made with it.
    """
    modules, groups, ordered = modules_of_named(model, names), *_groups(source, ignore)
    found = _matched(modules, groups, names or {}, ordered)
    values = [
        (part, _fitting(part, module, there, groups[there], found))
        for module, there in found.pairs
        for part in module.parts
    ]
    assign([p.parameter for p, _ in values], [Tensor(None, array) for _, array in values])
    if verbose:
        print(found)
    return found


def to_pytorch(
    model: Layer,
    path: str | Path | None = None,
    like: str | Path | Mapping[str, Any] | None = None,
    names: Names | None = None,
    ignore: Iterable[str] = (),
) -> dict[str, np.ndarray]:
    """The weights of `model` as arrays for `load_state_dict`; also as a safetensors file at `path`.

    They are called as in `like`, a `state_dict()` of the net they are for; what is not in the model
    is taken from there. Without it modules are called as in `names`, or else like our layers, with
    dots.
    """
    if like is None:
        modules = modules_of_named(model, names)
        given = {m.path: (names or {}).get(m.path) or m.path.replace("/", ".") for m in modules}
        pairs = [(module, given[module.path]) for module in modules]
        arrays: dict[str, np.ndarray] = {}
    else:
        modules, groups, ordered = modules_of_named(model, names), *_groups(like, ignore)
        found = _matched(modules, groups, names or {}, ordered)
        for module, there in found.pairs:
            for part in module.parts:
                _fitting(part, module, there, groups[there], found)
        pairs, arrays = found.pairs, _arrays(like)[0]
    for module, there in pairs:
        for part in module.parts:
            arrays[_joined(there, part.key)] = np.array(part.there(part.parameter.numpy()))
    if path is not None:
        save_arrays(path, arrays, {"kind": KIND})
    return arrays


def modules_of_named(model: Layer, names: Names | None) -> list[Module]:
    """The modules that are not left out by names."""
    out = [path for path, there in (names or {}).items() if there is None]
    modules = [m for m in modules_of(model, out) if m.path not in out]
    known = [*(m.path for m in modules), *out]
    unknown = [path for path in names or {} if path not in known]
    if unknown:
        raise DataError(
            f"names: there is no layer {unknown[0]!r} with weights; there are {_some(known)}"
        )
    return modules


def _arrays(source: str | Path | Mapping[str, Any]) -> tuple[dict[str, np.ndarray], bool]:
    """Arrays by name, and whether their order is that of the modules."""
    if isinstance(source, Mapping):
        return {str(name): _array(name, value) for name, value in source.items()}, True
    if Path(source).suffix in (".pt", ".pth", ".bin", ".ckpt", ".pkl"):
        raise DataError(
            f"{source} holds a pickle, which can run code when it is read. Write safetensors: "
            "safetensors.torch.save_file(net.state_dict(), path)"
        )
    archive = load_arrays(source)
    ours = isinstance(archive.notes, dict) and archive.notes.get("kind") == KIND
    return archive.arrays, ours


def _array(name: str, value: Any) -> np.ndarray:
    detach = getattr(value, "detach", None)
    if detach is not None:
        value = detach()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{name}: {type(value).__name__} is no array: {error}") from None


def _groups(
    source: str | Path | Mapping[str, Any], ignore: Iterable[str]
) -> tuple[dict[str, dict[str, np.ndarray]], bool]:
    """Arrays by module, and whether the modules are in the order they were made in."""
    arrays, ordered = _arrays(source)
    dropped = tuple(ignore)
    groups: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        module, _, key = name.rpartition(".")
        if key != COUNTER and not any(f"{module}.".startswith(f"{d}.") for d in dropped):
            groups.setdefault(module, {})[key] = array
    if not groups:
        raise DataError("there are no weights to take")
    if not ordered:
        groups = dict(sorted(groups.items(), key=lambda item: _natural(item[0])))
    return groups, ordered


def _matched(
    modules: list[Module], groups: dict[str, dict[str, np.ndarray]], names: Names, ordered: bool
) -> Correspondence:
    there = {m.path: names[m.path] for m in modules if m.path in names}
    unknown = [name for name in there.values() if name not in groups]
    if unknown:
        raise DataError(
            f"names: there is no module {unknown[0]!r} in PyTorch's weights; "
            f"there are {_some(groups)}"
        )
    rest = [m for m in modules if m.path not in there]
    free = [name for name in groups if name not in there.values()]
    like = {m.path: m.path.replace("/", ".") for m in rest}
    if rest and {*like.values()} == {*free}:
        there |= like
    else:
        there |= _by_order(rest, {name: groups[name] for name in free}, ordered)
    left_out = [path for path, name in names.items() if name is None]
    return Correspondence([(m, str(there[m.path])) for m in modules], left_out)


def _by_order(
    modules: list[Module], groups: dict[str, dict[str, np.ndarray]], ordered: bool
) -> dict[str, str]:
    """Each kind by itself."""
    there: dict[str, str] = {}
    kinds = {name: kind_there(arrays) for name, arrays in groups.items()}
    for kind in dict.fromkeys([*(m.kind for m in modules), *kinds.values()]):
        ours = [m.path for m in modules if m.kind == kind]
        theirs = [name for name in groups if kinds[name] == kind]
        if len(ours) != len(theirs):
            raise DataError(
                f"the model has {len(ours)} layers of kind {kind} ({_some(ours)}), PyTorch's "
                f"weights have {len(theirs)} ({_some(theirs)}): say which is which with "
                "names={layer: module}, leave layers out with {layer: None}, and modules with "
                "ignore=[module]"
            )
        if not ordered:
            _warn_of_guesses([(name, groups[name]) for name in theirs])
        there.update(zip(ours, theirs))
    return there


def _warn_of_guesses(modules: list[tuple[str, dict[str, np.ndarray]]]) -> None:
    """A file of somebody else sorts its names, so the order of the modules is lost."""
    alike: dict[Any, dict[str, str]] = {}
    for name, arrays in modules:
        shapes = tuple(sorted((key, array.shape) for key, array in arrays.items()))
        alike.setdefault(shapes, {}).setdefault(re.sub(r"\d+", "#", name), name)
    for found in alike.values():
        if len(found) > 1:
            warnings.warn(
                "a safetensors file does not keep the order of modules, and "
                f"{_some(found.values())} have the same shapes: they were taken in the order of "
                "their names. Compare with "
                "print(from_pytorch(...)), give names=, or give the state_dict() itself",
                stacklevel=5,
            )
            return


def _fitting(
    part: Part, module: Module, there: str, arrays: dict[str, np.ndarray], found: Correspondence
) -> np.ndarray:
    """The value for a parameter of ours."""
    keys = {p.key for p in module.parts}
    extra = [key for key in arrays if key not in keys]
    if part.key not in arrays or extra:
        lacks = f"has no {part.key}" if part.key not in arrays else f"has a {extra[0]}"
        raise DataError(
            f"layer {module.path}: PyTorch's {there or 'net'} {lacks}, the layer has "
            f"{', '.join(p.path.rpartition('/')[2] for p in module.parts)}{_hint(extra, lacks)}"
        )
    array = arrays[part.key]
    if array.shape != part.shape:
        raise DataError(
            f"layer {part.path} is {part.parameter.type}, so {_shape(part.shape)} in PyTorch, but "
            f"{_joined(there, part.key)} is {_shape(array.shape)}. Taken as the same were\n"
            + _around(found, module)
        )
    if array.dtype.kind != "f":
        raise DataError(f"{_joined(there, part.key)} is {array.dtype}, weights are floats")
    value = part.back(array.astype(part.parameter.dtype.numpy))
    return np.array(value, order="C")


def _hint(extra: list[str], lacks: str) -> str:
    if "bias" in extra:
        return "; make it with use_bias=True"
    return "; make it with use_bias=False" if lacks == "has no bias" else ""


def _around(found: Correspondence, module: Module) -> str:
    """The lines of the correspondence before and after a module."""
    at = [m.path for m, _ in found.pairs].index(module.path)
    return "\n".join(f"  {line}" for line in found.lines()[max(0, at - 3) : at + 3])


def _natural(name: str) -> list[Any]:
    """conv2 before conv10."""
    return [(0, int(w), "") if w.isdigit() else (1, 0, w) for w in re.split(r"(\d+)", name) if w]


def _joined(module: str, key: str) -> str:
    return f"{module}.{key}" if module else key


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _some(names: Iterable[str]) -> str:
    listed = [*names]
    more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
    return ", ".join(listed[:4]) + more
