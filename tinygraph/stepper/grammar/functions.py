"""The functions of the grammar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygraph.stepper.grammar.words import Sort


@dataclass(frozen=True)
class Function:
    """A function of one array. Those of each element keep its shape, the others give one number.

    `truths`: it also takes what is true or false, element by element.
    """

    says: str
    compute: Callable[[Any], Any]
    gives: Sort = "number"
    each: bool = False
    truths: bool = False


def _largest(x: np.ndarray) -> Any:
    return np.max(x) if x.size else np.float64(np.nan)


def _smallest(x: np.ndarray) -> Any:
    return np.min(x) if x.size else np.float64(np.nan)


def _mean(x: np.ndarray) -> Any:
    return np.mean(x, dtype=np.float64) if x.size else np.float64(np.nan)


def _deviation(x: np.ndarray) -> Any:
    return np.std(x, dtype=np.float64) if x.size else np.float64(np.nan)


def _length(x: np.ndarray) -> Any:
    return np.sqrt(np.sum(np.square(x, dtype=np.float64)))


FUNCTIONS = {
    "isnan": Function("where it is not a number", np.isnan, "truth", each=True),
    "isinf": Function("where it is infinite", np.isinf, "truth", each=True),
    "abs": Function("without its sign", np.abs, each=True),
    "exp": Function("e to this power", np.exp, each=True),
    "log": Function("the natural logarithm", np.log, each=True),
    "sqrt": Function("the square root", np.sqrt, each=True),
    "any": Function("whether it holds for any element", np.any, "truth", truths=True),
    "all": Function("whether it holds for every element", np.all, "truth", truths=True),
    "count": Function("for how many elements it holds", np.count_nonzero, truths=True),
    "sum": Function("all elements added up", lambda x: np.sum(x, dtype=np.float64), truths=True),
    "mean": Function("their mean", _mean, truths=True),
    "std": Function("their standard deviation", _deviation),
    "min": Function("the smallest; NaN if one is", _smallest),
    "max": Function("the largest; NaN if one is", _largest),
    "norm": Function("the root of the sum of their squares", _length),
    "size": Function("how many elements there are", np.size, truths=True),
}
"""Every function by name, beside grad(X) and value(X), which take names."""
