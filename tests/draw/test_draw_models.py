"""Diagrams of models: layers from top to bottom, blocks as boxes, a U for a U-Net."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import models, nn
from tinygraph.draw.diagram import described, diagram_of


def titles(drawing) -> list[str]:
    return re.findall(r"label=<<b>(.*?)</b>", drawing.source)


def arrows(drawing) -> set[tuple[str, str]]:
    """Who is joined with whom, by title, in the direction that the arrow points."""
    names = dict(re.findall(r"(box_\d+) \[.*?label=<<b>(.*?)</b>", drawing.source))
    found: set[tuple[str, str]] = set()
    for tail, head, look in re.findall(r"(box_\d+) -> (box_\d+)(.*)", drawing.source):
        pair = (names[tail], names[head])
        found.add(pair[::-1] if "dir=back" in look else pair)
    return found


def test_lenet5(golden) -> None:
    golden.check("draw_lenet5.dot", tg.draw(models.build("lenet5", None)).source)


def test_a_block_is_one_box_and_a_unet_is_a_u(golden) -> None:
    drawing = tg.draw(models.build("unet", None))
    assert titles(drawing) == [
        *("input", "down1", "down2", "down3", "down4", "bottom"),
        *("up4", "up3", "up2", "up1", "head", "output"),
    ]
    assert len(re.findall("rank=same", drawing.source)) == 4
    ways = [*titles(drawing)]
    assert arrows(drawing) == {
        *pairwise(ways),
        *((f"down{k}", f"up{k}") for k in range(1, 5)),
    }
    golden.check("draw_unet_blocks.dot", drawing.source)


def test_all_layers_if_asked_for() -> None:
    model = models.build("unet", None)
    drawing = tg.draw(model, detail="layers")
    assert len(titles(drawing)) == len(model.calls) + 2
    assert repr(drawing).startswith("<Drawing of 37 layers;")
    assert "rank=same" not in drawing.source
    assert ("Cropping2D", "Concatenate") in arrows(drawing)


def test_the_gates_of_a_model() -> None:
    drawing = tg.draw(models.build("mlp_small", None), detail="gates", values=False)
    assert drawing.gates == drawing.shown == 3 * 3 + 2


@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_folded_by_block_is_small(name: str) -> None:
    model = models.build(name, None)
    drawing = tg.draw(model)
    if len(model.calls) <= 30:
        assert drawing.shown == drawing.gates == len(model.calls)
    found = titles(drawing)
    assert len(found) <= 62
    joined = {end for arrow in arrows(drawing) for end in arrow}
    assert joined == set(found)


def test_shared_layers_are_counted_once() -> None:
    x, y = nn.Input((3,), name="left"), nn.Input((3,), name="right")
    shared = nn.Dense(2, name="shared")
    model = nn.Model([x, y], {"sum": nn.Add()([shared(x), shared(y)])}, name="pair")
    source = tg.draw(model).source
    assert source.count("<b>shared</b>") == 2
    assert source.count("8 parameters") == 1
    assert ("Add", "sum") in arrows(tg.draw(model))


def test_a_scope_that_is_entered_again_is_another_box() -> None:
    x = nn.Input((4,))
    with tg.scope("block"):
        y = nn.Dense(4)(x)
        y = nn.Dense(4)(y)
    z = nn.Dense(4, name="between")(y)
    with tg.scope("block"):
        z = nn.Dense(4)(z)
        z = nn.Dense(4)(z)
    drawing = tg.draw(nn.Model(x, z), detail="modules")
    assert titles(drawing) == ["input", "block", "between", "block", "output"]


def test_no_picture_has_more_boxes_than_asked_for() -> None:
    x = y = nn.Input((4,))
    for _ in range(100):
        y = nn.Dense(4)(y)
    drawing = tg.draw(nn.Model(x, y), max_gates=20)
    assert len(titles(drawing)) <= 20
    assert "<b>⋮</b>" in drawing.source
    assert "84 layers" in drawing.source


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2D(4, 3, strides=2, activation="relu"), "3×3, stride 2, relu"),
        (nn.Conv2D(4, (1, 7), dilation_rate=2), "1×7, dilation 2"),
        (nn.Conv2D(4, 3, groups=2), "3×3, groups 2"),
        (nn.MaxPooling2D(2), "2×2"),
        (nn.MaxPooling2D(3, strides=2), "3×3, stride 2"),
        (nn.MaxPooling2D(3, strides=1), "3×3, stride 1"),
        (nn.Dropout(0.5), "0.5"),
        (nn.Dense(3), ""),
    ],
)
def test_what_a_layer_says_of_itself(layer: nn.Layer, words: str) -> None:
    assert described(layer) == words


def test_errors() -> None:
    class Own(nn.Model):
        def call(self, *inputs: Any, training: bool = False) -> Any:
            return inputs[0]

    with pytest.raises(tg.TinygraphError, match=r"draw what it gives, as in draw\(model\(x\)\)"):
        tg.draw(Own())
    with pytest.raises(tg.TinygraphError, match='"layers" is for models'):
        tg.draw(tg.tensor(np.ones(3)), detail="layers")


def test_counts() -> None:
    diagram = diagram_of(models.build("resnet18", None), True, 100)
    assert diagram.layers == 68
    assert diagram.shown == 2  # the mean and the dense layer; the others are in blocks
    assert sum(box.layers for box in diagram.boxes) == 68


def test_it_can_be_laid_out(tmp_path: Path) -> None:
    for name in ("classic_unet", "googlenet_auxiliary"):
        path = tg.draw(models.build(name, None)).save(tmp_path / f"{name}.svg")
        assert "<svg" in path.read_text()
