"""`tg.stages`: every form on the way down, and following one gate through all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tinygraph as tg
from tinygraph.loading import load
from tinygraph.lowering import Target
from tinygraph.stages import Stages

FILE = Path(__file__).with_name("conv_relu.py")


class Paper:
    """A backend with a fixed machine, so that the same loops are printed everywhere."""

    name = "paper"
    target = Target()

    def compile(self, work: Any, threads: int | None, on_progress: Any = None) -> Any:
        raise NotImplementedError


def shown(stage: str | None = None, only: str | None = None, backend: Any = None) -> Stages:
    return tg.stages(load(f"{FILE}:layer"), backend or Paper(), stage, only)


@pytest.mark.parametrize("stage", ["graph", "pass", "regions", "loops", "schedule"])
def test_the_text_of_a_stage(golden: Any, stage: str) -> None:
    golden.check(f"conv_relu_{stage}.txt", str(shown(stage)))


def test_one_gate_is_followed_down_by_its_name(golden: Any) -> None:
    golden.check("conv_relu_only.txt", str(shown(only="mul_1")))


def test_stages_come_in_the_order_of_the_way_down() -> None:
    names = shown(backend="llvm").names
    passes = [name for name in names if name.startswith("pass:")]
    assert names == ("graph", *passes, "regions", "loops", "schedule", "llvm", "assembly")


def test_each_kernel_of_native_code_says_whose_it_is() -> None:
    text = str(shown("assembly", backend="llvm"))
    assert 'conv_relu.py:14: y = tg.conv2d(x, w, padding="same")' in text
    assert "conv_relu.py:16 in tail: return tg.relu" in text
    assert "FLOP/B" in text
    assert "ret" in text


def test_only_keeps_the_kernels_of_the_gate() -> None:
    everything = shown("llvm", backend="llvm")["llvm"].parts
    followed = shown("llvm", only="conv_1", backend="llvm")["llvm"].parts
    assert len(followed) == 1 < len(everything)
    assert followed[0].text in [part.text for part in everything]


def test_a_module_is_followed_as_well() -> None:
    names = [part.nodes[0].name for part in shown("graph", only="tail")["graph"].parts]
    assert "relu_1" in names
    assert "conv_1" not in names


def test_a_parameter_is_followed_into_the_kernels_that_read_it() -> None:
    (part,) = shown("regions", only="b")["regions"].parts
    assert "+ b[c]" in part.text


def test_what_is_gone_is_said_to_be_gone() -> None:
    @tg.jit(example=(tg.ones(3),))
    def twice(x: tg.Tensor) -> tg.Tensor:
        return tg.detach(x) + 1

    assert "nothing is left of full_1" not in str(tg.stages(twice, only="full_1"))
    text = str(tg.stages(twice, stage="pass:dead", only="detach_1"))
    assert "detach is x" in text


@pytest.mark.parametrize("kind", ["tensor", "model"])
def test_tensors_and_models_have_stages_too(kind: str) -> None:
    inputs = tg.nn.Input((8,))
    model = tg.nn.Model(inputs, tg.nn.Dense(4, activation="relu")(inputs))
    y = model(tg.ones((2, 8))) if kind == "tensor" else model
    assert "relu" in str(tg.stages(y, stage="regions"))


def test_numpy_has_a_graph_and_passes_only() -> None:
    assert shown(backend="numpy").names[-1].startswith("pass:")
    with pytest.raises(tg.TinygraphError, match="no stage 'loops'; there are graph, pass:"):
        shown("loops", backend="numpy")


def test_mistakes_are_explained() -> None:
    with pytest.raises(tg.TinygraphError, match="no gate or module 'convv_1'; close are conv_1"):
        shown(only="convv_1")
    with pytest.raises(tg.TinygraphError, match="declared with example="):
        tg.stages(tg.jit(lambda x: x))
    with pytest.raises(tg.TinygraphError, match="a tensor, a model or a jitted function, got a"):
        tg.stages(3)


def test_colours_change_nothing_but_colours() -> None:
    from rich.console import Console

    console = Console(force_terminal=True, color_system="truecolor", width=60)
    with console.capture() as capture:
        console.print(shown(backend="llvm"), soft_wrap=True)
    from rich.text import Text

    plain = Text.from_ansi(capture.get()).plain
    assert plain.split() == str(shown(backend="llvm")).split()
