"""The architecture grammar of lecture 3."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import models
from tinygraph.models.grammar import words
from tinygraph.nn.summary import rows

DECK = "[[CONV - RELU] * N - POOL?] * M - [FC - RELU] * K - FC - SOFTMAX"
IMAGE = (32, 32, 3)


def kinds(model: tg.nn.Model) -> list[str]:
    return [row.kind for row in rows(model)[1:]]


def spelled(text: str, **times: int) -> str:
    return " ".join(word.text for word in words(text, times))


def test_the_line_of_the_deck() -> None:
    model = models.from_grammar(DECK, IMAGE, filters=(8, 16), units=(50,), N=2, M=2, K=1)
    stage = ["Conv2D", "ReLU", "Conv2D", "ReLU", "MaxPooling2D"]
    assert kinds(model) == [*stage, *stage, "Flatten", "Dense", "ReLU", "Dense", "Softmax"]
    counts = [3 * 9 * 8 + 8, 8 * 9 * 8 + 8, 8 * 9 * 16 + 16, 16 * 9 * 16 + 16]
    assert model.count_params() == sum(counts) + (8 * 8 * 16 + 1) * 50 + 51 * 10
    assert [row.name for row in rows(model)][1:3] == ["stage1/conv2d", "stage1/re_lu"]
    assert model(np.zeros((2, *IMAGE), np.float32)).shape == (2, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INPUT -> FC", "INPUT FC"),
        ("INPUT -> CONV -> RELU -> FC", "INPUT CONV RELU FC"),
        (
            "INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC",
            "INPUT CONV RELU POOL CONV RELU POOL FC RELU FC",
        ),
    ],
)
def test_the_examples_of_the_deck(text: str, expected: str) -> None:
    assert spelled(text) == expected
    model = models.from_grammar(text, (8, 8, 1))
    assert model.outputs.shape == (None, 10)


def test_lenet_without_its_sigmoids_has_as_many_parameters() -> None:
    model = models.from_grammar(
        "[conv - sigmoid - pool] * 2 - [fc - sigmoid] * 2 - fc",
        (32, 32, 1),
        filters=(6, 16),
        units=(120, 84),
        kernel_size=5,
        padding="valid",
    )
    assert model.count_params() == 61_706


def test_optional_layers() -> None:
    text = "[CONV - RELU - POOL?] * 2 - FC"
    assert kinds(models.from_grammar(text, IMAGE)).count("MaxPooling2D") == 2
    assert kinds(models.from_grammar(text, IMAGE, optional=False)).count("MaxPooling2D") == 0
    one = models.from_grammar(text, IMAGE, optional=(False, True))
    assert kinds(one) == ["Conv2D", "ReLU", "Conv2D", "ReLU", "MaxPooling2D", "Flatten", "Dense"]
    with pytest.raises(tg.TinygraphError, match="each of 2 words; got 1"):
        models.from_grammar(text, IMAGE, optional=(True,))
    assert spelled("[CONV - RELU]? - FC") == "CONV RELU FC"


@pytest.mark.parametrize("filters", [7, (7, 7, 7, 7), (7, 7)])
def test_filters_for_all_for_each_or_for_each_stage(filters: object) -> None:
    model = models.from_grammar(DECK, IMAGE, filters, N=2, M=2, K=0)  # type: ignore[arg-type]
    assert model.count_params() == (27 + 1) * 7 + 3 * (63 + 1) * 7 + (8 * 8 * 7 + 1) * 10


def test_repeated_no_times() -> None:
    assert spelled(DECK, N=0, M=1, K=0) == "POOL FC SOFTMAX"
    assert kinds(models.from_grammar(DECK, IMAGE, N=1, M=0, K=0)) == ["Flatten", "Dense", "Softmax"]


@given(st.integers(0, 3), st.integers(0, 4), st.integers(0, 3))
def test_repetitions_nest(n: int, m: int, k: int) -> None:
    expected = [*([*["CONV", "RELU"] * n, "POOL"] * m), *["FC", "RELU"] * k, "FC", "SOFTMAX"]
    assert [word.text for word in words(DECK, {"N": n, "M": m, "K": k})] == expected


@pytest.mark.parametrize(
    ("text", "says", "caret"),
    [
        ("[CONF - RELU] * 2 - FC", "no layer is called CONF, do you mean CONV?", 1),
        ("CONV - RELU - XYZ", "no layer is called XYZ; there are INPUT, CONV", 14),
        ("[CONV - RELU - FC", r"this \[ is never closed", 0),
        ("CONV - RELU] - FC", "this ] closes nothing", 11),
        ("CONV RELU", "a - belongs between two layers", 5),
        ("[CONV RELU]", "a - or ] belongs here", 6),
        ("CONV - - FC", "a layer such as CONV", 7),
        ("CONV - ", "a layer such as CONV", 6),
        ("", "a layer such as CONV", 0),
        ("[] - FC", "a layer such as CONV", 1),
        ("CONV * - FC", r"after \* comes a number", 7),
        ("CONV + FC", r"'\+' means nothing here", 5),
        ("[CONV] * N - FC", "how often is N", 9),
        ("CONV - INPUT - FC", "INPUT comes first", 7),
        ("CONV * 0", "no layers at all", 0),
        ("[FC * 100] * 100", "more than 1,000 layers", 1),
        ("FC - CONV", r"CONV needs an image \[N,H,W,C\], and here is \[N,10\]", 5),
        ("POOL * 3 - POOL", "does not fit", 11),
        ("FC - [FC] * 1001", "repeat from 0 to 1,000 times, not 1,001", 12),
        ("[" * 60 + "FC" + "]" * 60, "nested at most 50 deep", 50),
    ],
)
def test_errors_show_the_place(text: str, says: str, caret: int) -> None:
    with pytest.raises(models.GrammarError, match=says) as caught:
        models.from_grammar(text, (8, 8, 1))
    assert caught.value.place == caret
    line, marks = str(caught.value).splitlines()[-2:]
    assert line == f"    {text}"
    assert marks == " " * (4 + caret) + "^"


def test_an_error_in_the_second_line() -> None:
    with pytest.raises(models.GrammarError) as caught:
        models.from_grammar("CONV -\n  RELO - FC", IMAGE)
    assert str(caught.value).splitlines()[-2:] == ["      RELO - FC", "      ^"]


def test_numbers_that_do_not_fit() -> None:
    with pytest.raises(
        tg.TinygraphError,
        match=r"filters has 3 numbers, but the text has 4 CONV; .* 4, one for each or 2, one for",
    ):
        models.from_grammar(DECK, IMAGE, filters=(1, 2, 3), N=2, M=2, K=1)
    with pytest.raises(tg.TinygraphError, match=r"units has 2 numbers, .* 1 FC but the last"):
        models.from_grammar(DECK, IMAGE, units=(1, 2), N=2, M=2, K=1)
    with pytest.raises(tg.TinygraphError, match=r"Q=1 is given, but .* repeats nothing so"):
        models.from_grammar(DECK, IMAGE, N=2, M=2, K=1, Q=1)
    with pytest.raises(tg.TinygraphError, match=r"from 0 to 1,000 times, not -1"):
        models.from_grammar(DECK, IMAGE, N=2, M=2, K=-1)
