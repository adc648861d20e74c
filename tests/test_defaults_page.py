"""docs/defaults.md: made from the signatures of ours, Keras's and PyTorch's classes.

`pytest --update-golden` with Keras and PyTorch installed writes it anew.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tinygraph import losses, metrics, nn, optimizers

PAGE = Path(__file__).parent.parent / "docs" / "defaults.md"
ABSENT = "–"
INTRODUCTION = """\
# Defaults

What an argument is when it is not given: ours, Keras's and PyTorch's. Names and defaults are
Keras's, so that the lectures' code means what it says there; those that differ are in bold. "–"
stands where there is no such argument. Arguments that are None everywhere are left out, and one
number stands for a pair of equal ones. PyTorch's names, where they are others, stand beside its
values.

The tables are made from the signatures of the classes by `tests/test_defaults_page.py`, which also
keeps them true, with Keras 3.15 and PyTorch 2.13.
"""
LOSSES = """\
Targets come first: `loss(target, prediction)`. "mean" is what Keras calls "sum_over_batch_size":
the sum of all numbers, each times its sample weight, divided by how many they are. PyTorch's
weighted mean divides by the sum of the weights; so does `reduction="mean_with_sample_weight"`.

Probabilities that a softmax or sigmoid made in the same graph are computed from what went into it,
as TensorFlow's Keras does: the same number, exact where a probability is too small for its
logarithm. All others are clipped to 1e-7 ... 1 - 1e-7, as in Keras on every backend. PyTorch's
cross-entropy takes logits only, and its `KLDivLoss` logarithms.
"""
METRICS = """\
A threshold that is None is 0.5; beside a loss of logits it is 0, where Keras keeps 0.5. `IoU`,
`MeanIoU` and `Dice` see for themselves whether they are given classes, one-hot targets or scores;
`IoU` and `Dice` leave out class 0, the background, unless told otherwise. "accuracy" is binary,
categorical or sparse, as loss and shapes say. A metric of nothing (an empty mask, a class that is
nowhere) is NaN where Keras has 0. PyTorch has no metrics of its own.
"""
LAYERS = """\
PyTorch's `momentum` of a batch normalization is what Keras calls 1 - momentum; its layers draw
weights and biases uniformly from ±1 / sqrt(inputs); its average pooling counts the border that
padding adds.
"""
SECTIONS: dict[str, tuple[Any, str, str, str]] = {
    "Losses": (losses, "losses", "Loss", LOSSES),
    "Metrics": (metrics, "metrics", "Metric", METRICS),
    "Layers": (nn, "layers", "Layer", LAYERS),
    "Optimizers": (optimizers, "optimizers", "Optimizer", ""),
}
"""Title: our module, Keras's, the base class in both, what stands above the table."""
SAME = {"sum_over_batch_size": "mean"}
"""Keras's word: ours."""
HIDDEN = {"name", "dtype", "self", "parameters", "trainable", "lr", "autocast", "pool_mode"}
"""Said of every class, or other names of arguments that are there."""
NO_KINDS = {"FunctionLoss", "FunctionMetric", "LossMetric", "Mixture", "Model", "Sequential"}
"""Classes that are made from something, not chosen."""
# ours: PyTorch's class, and its names of our arguments; ("betas", 0) is the first of a pair
TORCH: dict[str, tuple[str, dict[str, Any]]] = {
    "MeanSquaredError": ("nn.MSELoss", {}),
    "MeanAbsoluteError": ("nn.L1Loss", {}),
    "Huber": ("nn.HuberLoss", {}),
    "CategoricalCrossentropy": ("nn.CrossEntropyLoss", {"class_weight": "weight"}),
    "SparseCategoricalCrossentropy": (
        "nn.CrossEntropyLoss",
        {"class_weight": "weight", "ignore_class": "ignore_index"},
    ),
    "BinaryCrossentropy": ("nn.BCEWithLogitsLoss", {}),
    "KLDivergence": ("nn.KLDivLoss", {}),
    "Logistic": ("nn.SoftMarginLoss", {}),
    "Dense": ("nn.Linear", {"use_bias": "bias"}),
    **{
        f"Conv{n}D": (
            f"nn.Conv{n}d",
            {"strides": "stride", "dilation_rate": "dilation", "use_bias": "bias"},
        )
        for n in (1, 2, 3)
    },
    **{
        f"Conv{n}DTranspose": (
            f"nn.ConvTranspose{n}d",
            {"strides": "stride", "dilation_rate": "dilation", "use_bias": "bias"},
        )
        for n in (1, 2, 3)
    },
    **{f"MaxPooling{n}D": (f"nn.MaxPool{n}d", {"strides": "stride"}) for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": (f"nn.AvgPool{n}d", {"strides": "stride"}) for n in (1, 2, 3)},
    "BatchNormalization": ("nn.BatchNorm2d", {"epsilon": "eps"}),
    "LayerNormalization": ("nn.LayerNorm", {"epsilon": "eps"}),
    "Dropout": ("nn.Dropout", {"rate": "p"}),
    "LeakyReLU": ("nn.LeakyReLU", {}),
    "ELU": ("nn.ELU", {}),
    "PReLU": ("nn.PReLU", {}),
    "Softmax": ("nn.Softmax", {"axis": "dim"}),
    "UpSampling2D": ("nn.Upsample", {"size": "scale_factor", "interpolation": "mode"}),
    "SGD": ("optim.SGD", {"learning_rate": "lr"}),
    "Adam": (
        "optim.Adam",
        {
            "learning_rate": "lr",
            "beta_1": ("betas", 0),
            "beta_2": ("betas", 1),
            "epsilon": "eps",
        },
    ),
    "AdamW": (
        "optim.AdamW",
        {
            "learning_rate": "lr",
            "beta_1": ("betas", 0),
            "beta_2": ("betas", 1),
            "epsilon": "eps",
        },
    ),
    "RMSprop": ("optim.RMSprop", {"learning_rate": "lr", "rho": "alpha", "epsilon": "eps"}),
    "Adagrad": ("optim.Adagrad", {"learning_rate": "lr", "epsilon": "eps"}),
    "Adadelta": ("optim.Adadelta", {"learning_rate": "lr", "epsilon": "eps"}),
}


def classes(module: Any, base: str) -> dict[str, type]:
    """The public classes with a constructor of their own arguments, by name."""
    kind = getattr(module, base)
    return {
        name: value
        for name, value in sorted(vars(module).items())
        if inspect.isclass(value)
        and issubclass(value, kind)
        and value.__name__ == name
        and value is not kind
        and name not in NO_KINDS
    }


def arguments(kind: type) -> dict[str, Any]:
    """Arguments with a default, by name; those handed on to a base by **kwargs come last."""
    found: dict[str, Any] = {}
    for cls in kind.__mro__:
        if "__init__" not in vars(cls) or cls is object:
            continue
        parameters = inspect.signature(cls.__init__).parameters.values()
        for parameter in parameters:
            if parameter.name not in HIDDEN and parameter.default is not inspect.Parameter.empty:
                found.setdefault(parameter.name, parameter.default)
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
    return found


def written(value: Any) -> str:
    """One number for a tuple of equal ones; Keras's words in ours."""
    while isinstance(value, tuple) and len({*map(str, value)}) == 1:
        value = value[0]
    if isinstance(value, str):
        return f'"{SAME.get(value, value.lower() if value.istitle() else value)}"'
    return repr(value)


def of_torch(name: str, argument: str) -> str:
    if name not in TORCH:
        return ABSENT
    path, names = TORCH[name]
    theirs = names.get(argument, argument)
    place = None
    if isinstance(theirs, tuple):
        theirs, place = theirs
    module, _, kind = path.partition(".")
    found = arguments(getattr(importlib.import_module(f"torch.{module}"), kind))
    if theirs not in found:
        return ABSENT
    if place is not None:
        return f"{theirs}[{place}]={written(found[theirs][place])}"
    value = written(found[theirs])
    return value if theirs == argument else f"{theirs}={value}"


def rows(keras: Any, name: str, ours: type, section: str) -> Iterator[tuple[str, str, str, str]]:
    """(argument, ours, Keras's, PyTorch's)"""
    own = arguments(ours)
    theirs = getattr(getattr(keras, section), name, None)
    known = arguments(theirs) if theirs is not None else {}
    for argument in dict.fromkeys([*own, *known]):
        found = written(own[argument]) if argument in own else ABSENT
        expected = written(known[argument]) if argument in known else ABSENT
        torch = of_torch(name, argument)
        if {found, expected} <= {"None", ABSENT} and torch in ("None", ABSENT):
            continue
        if ABSENT not in (found, expected) and found != expected:
            found = f"**{found}**"
        yield argument, found, expected, torch


def table(keras: Any, kinds: dict[str, type], section: str) -> Iterator[str]:
    """Classes with equal rows, such as Conv1D, Conv2D and Conv3D, share them."""
    groups: dict[tuple[tuple[str, str, str, str], ...], list[str]] = {}
    for name, kind in kinds.items():
        if each := tuple(rows(keras, name, kind, section)):
            groups.setdefault(each, []).append(name)
    yield "| | argument | ours | Keras | PyTorch |"
    yield "| --- | --- | --- | --- | --- |"
    for each, names in groups.items():
        titles = [", ".join(f"`{n}`" for n in names)] + [""] * (len(each) - 1)
        if torch := {TORCH[n][0] for n in names if n in TORCH}:
            also = ", ".join(f"`{t}`" for t in sorted(torch))
            titles[0] += f" ({also})"
        for title, cells in zip(titles, each):
            yield f"| {title} | {' | '.join(cells)} |"


def page(keras: Any) -> str:
    parts = [INTRODUCTION]
    for title, (module, section, base, text) in SECTIONS.items():
        lines = "\n".join(table(keras, classes(module, base), section))
        parts.append(f"## {title}\n\n{text}{chr(10) if text else ''}{lines}\n")
    return "\n".join(parts)


@pytest.mark.reference
def test_page_says_what_the_signatures_say(keras: Any, request: pytest.FixtureRequest) -> None:
    text = page(keras)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text, encoding="utf-8")
    stored = PAGE.read_text(encoding="utf-8")
    assert text.splitlines() == stored.splitlines(), "pytest --update-golden writes the page anew"


def test_page_says_what_ours_are() -> None:
    """Without Keras and PyTorch."""
    kinds: dict[str, type] = {}
    names: list[str] = []
    seen: dict[str, set[str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            module, _, base, _ = SECTIONS[line[3:]]
            kinds = classes(module, base)
            continue
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 5 or cells[1] in ("argument", "---"):
            continue
        if cells[0]:
            names = re.findall(r"`(\w+)`", cells[0].partition(" (")[0])
        for name in names:
            own = arguments(kinds[name])
            said = cells[2].strip("*")
            expected = written(own[cells[1]]) if cells[1] in own else ABSENT
            assert said == expected, f"{name}: {cells[1]}"
            seen.setdefault(name, set()).add(cells[1])
    for module, _, base, _ in SECTIONS.values():
        for name, kind in classes(module, base).items():
            own = {a for a, value in arguments(kind).items() if value is not None}
            assert own <= seen.get(name, set()), f"{name} is not in docs/defaults.md"
