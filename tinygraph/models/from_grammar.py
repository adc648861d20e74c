"""A model from a line such as `[CONV - RELU - POOL] * 2 - FC - RELU - FC - SOFTMAX`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from tinygraph.errors import GrammarError, TinygraphError
from tinygraph.graph import scope
from tinygraph.models.grammar import Word, words
from tinygraph.nn import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    Model,
    ReLU,
    Softmax,
)
from tinygraph.nn.symbol import Symbol, shape_text

SIMPLE: dict[str, Callable[[], Layer]] = {
    "RELU": ReLU,
    "SOFTMAX": Softmax,
    "SIGMOID": lambda: Activation("sigmoid"),
    "TANH": lambda: Activation("tanh"),
    "BN": BatchNormalization,
    "DROPOUT": lambda: Dropout(0.5),
}
"""The words for layers without a number of their own."""
WORDS = ("INPUT", "CONV", "POOL", "FC", *SIMPLE)
"""Every word that a text may have."""


def from_grammar(
    text: str,
    input_shape: Sequence[int],
    filters: int | Sequence[int] = 32,
    units: int | Sequence[int] = 100,
    classes: int = 10,
    *,
    kernel_size: Any = 3,
    padding: Any = "same",
    pool_size: Any = 2,
    optional: bool | Sequence[bool] = True,
    name: str | None = None,
    **times: int,
) -> Model:
    """The model that `text` says, in the grammar of lecture 3 (`tinygraph/models/grammar.py`).

    Words, in any case: INPUT (may be left out), CONV, POOL (a max pool), FC, RELU, SIGMOID, TANH,
    BN, DROPOUT, SOFTMAX. `-` or `->` stands between them, `[...] * 3` repeats, `[...] * N` repeats
    as often as `N=` says. `filters` is one number, one for each CONV, or one for each stage, that
    is, for all CONV up to the next POOL; `units` is one number or one for each FC but the last,
    which has `classes`. What is marked `?` is there if `optional` says so: for all, or for each in
    turn. Where an image meets the first FC, it is flattened. A `GrammarError` shows with a caret
    what cannot be read or built.
    """
    found = _chosen(words(text, times), optional)
    _check(found, text)
    stages = _stages(found)
    convs = [k for k, word in enumerate(found) if word.text == "CONV"]
    dense = [k for k, word in enumerate(found) if word.text == "FC"]
    numbers = {
        **_spread("filters", filters, "CONV", convs, [stages[k] for k in convs]),
        **_spread("units", units, "FC but the last", dense[:-1]),
        **dict.fromkeys(dense[-1:], classes),
    }
    x = inputs = Input(input_shape)
    for k, word in enumerate(found):
        with scope(f"stage{stages[k]}") if k in stages else nullcontext():
            match word.text:
                case "INPUT":
                    continue
                case "CONV":
                    _need_image(x, word, text)
                    layer: Layer = Conv2D(numbers[k], kernel_size, padding=padding)
                case "POOL":
                    _need_image(x, word, text)
                    layer = MaxPooling2D(pool_size)
                case "FC":
                    x = Flatten()(x) if len(x.shape) > 2 else x
                    layer = Dense(numbers[k])
                case simple:
                    layer = SIMPLE[simple]()
            x = _applied(layer, x, word, text)
    return Model(inputs, x, name=name or "from_grammar")


def _stages(found: Sequence[Word]) -> dict[int, int]:
    """The stage of each word up to the last CONV or POOL and what is applied to it: 1, 2 ..."""
    images = [k for k, word in enumerate(found) if word.text in ("CONV", "POOL")]
    end = images[-1] + 1 if images else 0
    while end < len(found) and found[end].text not in ("FC", "SOFTMAX"):
        end += 1
    stages, stage = dict[int, int](), 1
    for k in range(end if images else 0):
        stages[k] = stage
        stage += found[k].text == "POOL"
    return stages


def _chosen(found: list[Word], optional: bool | Sequence[bool]) -> list[Word]:
    """Without the optional words that are not wanted."""
    marked = [word for word in found if word.optional]
    wanted = [optional] * len(marked) if isinstance(optional, bool) else list(optional)
    if len(wanted) != len(marked):
        raise TinygraphError(
            f"optional is True, False, or says for each of {len(marked)} words; got {len(wanted)}"
        )
    choice = iter(wanted)
    return [word for word in found if not word.optional or next(choice)]


def _check(found: list[Word], text: str) -> None:
    for k, word in enumerate(found):
        if word.text not in WORDS:
            near = difflib.get_close_matches(word.text, WORDS, 1)
            hint = f", do you mean {near[0]}?" if near else ";"
            raise GrammarError(
                f"no layer is called {word.text}{hint} there are {', '.join(WORDS)}",
                text,
                word.place,
            )
        if word.text == "INPUT" and k:
            raise GrammarError("INPUT comes first, and once", text, word.place)
    if not [word for word in found if word.text != "INPUT"]:
        raise GrammarError("these are no layers at all", text, 0)


def _spread(
    what: str, given: int | Sequence[int], each: str, places: list[int], groups: Sequence[int] = ()
) -> dict[int, int]:
    """A number for each place, from one for all, one for each, or one for each group of them."""
    if isinstance(given, int):
        return dict.fromkeys(places, given)
    numbers = list(given)
    if len(numbers) == len(places):
        return dict(zip(places, numbers))
    distinct = [*dict.fromkeys(groups)]
    if groups and len(numbers) == len(distinct):
        return {k: numbers[distinct.index(group)] for k, group in zip(places, groups)}
    stages = f" or {len(distinct)}, one for each stage" if groups else ""
    raise TinygraphError(
        f"{what} has {len(numbers)} numbers, but the text has {len(places)} {each}; "
        f"it may be one number, or {len(places)}, one for each{stages}"
    )


def _applied(layer: Layer, x: Symbol, word: Word, text: str) -> Symbol:
    """What the layer gives; where it cannot take x, its error at the word's place."""
    try:
        return layer(x)
    except TinygraphError as error:
        raise GrammarError(str(error), text, word.place) from error


def _need_image(x: Symbol, word: Word, text: str) -> None:
    if len(x.shape) != 4:
        raise GrammarError(
            f"{word.text} needs an image [N,H,W,C], and here is {shape_text(x.shape)}",
            text,
            word.place,
        )
