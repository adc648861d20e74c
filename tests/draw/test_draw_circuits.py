"""The style of the lectures: values above the wires, gradients below, copy gates, modules."""

from __future__ import annotations

import re

import pytest
from circuits import conv_net, neuron, placeless, written

import tinygraph as tg
from tinygraph.draw.dot import GRADIENT, VALUE


def test_neuron_of_lecture_5_shows_every_number_of_the_lecture() -> None:
    assert written(tg.draw(neuron())) == {
        "w0": ("2.0", "-0.1966"),
        "x0": ("-1.0", "0.3932"),
        "mul_1": ("-2.0", "0.1966"),
        "w1": ("-3.0", "-0.3932"),
        "x1": ("-2.0", "-0.5898"),
        "mul_2": ("6.0", "0.1966"),
        "add_1": ("4.0", "0.1966"),
        "b": ("-3.0", "0.1966"),
        "add_2": ("1.0", "0.1966"),
        "sigmoid_1": ("0.7311", "1.0"),
    }


def test_neuron_as_dot(golden) -> None:
    golden.check("draw_neuron.dot", placeless(tg.draw(neuron())))


def test_values_are_blue_and_above_gradients_red_brown_and_below() -> None:
    label = re.search(r"w0_wire \[label=<(.*?)</table>>", tg.draw(neuron()).source)
    assert label is not None
    above, below = label[1].split('port="wire"')
    assert f'color="{VALUE}">2.0<' in above
    assert f'color="{GRADIENT}">-0.1966<' in below


def test_method_draws_the_same() -> None:
    y = neuron()
    assert y.draw() == tg.draw(y)
    assert y.draw(direction="TB") == tg.draw(y, direction="TB")


def test_a_dot_stands_where_nothing_is_computed_yet() -> None:
    forward = written(tg.draw(neuron(), gradients=False))
    assert forward["mul_2"] == ("6.0", "·")
    assert forward["sigmoid_1"] == ("0.7311", "·")
    nothing = written(tg.draw(neuron(), values=False))
    assert set(nothing.values()) == {("·", "·")}


def test_values_of_a_traced_function_are_not_computed_yet() -> None:
    seen = []

    @tg.jit(backend="numpy")
    def double(x: tg.Tensor) -> tg.Tensor:
        y = x * 2
        seen.append(tg.draw(y))
        with pytest.raises(tg.TraceError):
            tg.draw(y, values=True)
        return y

    double(tg.tensor(3.0))
    assert written(seen[0])["mul_1"] == ("·", "·")


def test_a_zero_is_a_number() -> None:
    x = tg.tensor(-2.0, name="x")
    assert written(tg.draw(tg.relu(x)))["x"] == ("-2.0", "0.0")


def test_value_used_twice_passes_a_copy_gate(golden) -> None:
    x, y = tg.tensor(3.0, name="x"), tg.tensor(2.0, name="y")
    drawing = tg.draw(x * x + x * y)
    numbers = written(drawing)
    assert numbers["x"] == ("3.0", "8.0")
    branches = re.findall(r"x_wire_\d \[label=.*?>3.0<.*?>(\d.\d)<", drawing.source)
    assert branches == ["3.0", "3.0", "2.0"]
    assert "gradient adder" in drawing.source
    golden.check("draw_copy.dot", placeless(drawing))


def test_constants_are_words_and_need_no_copy() -> None:
    x = tg.tensor(3.0, name="x")
    drawing = tg.draw(2 * x + 2)
    assert drawing.source.count("[label=2 ") == 2
    assert "copy" not in drawing.source


def test_backward_graph_is_drawn_as_gates(golden) -> None:
    drawing = tg.draw(neuron(), backward=True)
    numbers = written(drawing)
    outputs = re.findall(r'label="(dy/d\w+)"', drawing.source)
    assert sorted(outputs) == ["dy/db", "dy/dw0", "dy/dw1", "dy/dx0", "dy/dx1"]
    backward = [n[-1] for k, n in numbers.items() if n[0] == ""]
    assert {"-0.1966", "0.3932", "-0.3932", "-0.5898"} <= set(backward)
    golden.check("draw_neuron_backward.dot", placeless(drawing))


def test_backward_for_some_tensors_only() -> None:
    x, w = tg.tensor(3.0, name="x"), tg.tensor(2.0, name="w")
    drawing = tg.draw(x * w, backward=[w])
    assert 'label="dy/dw"' in drawing.source
    assert "dy/dx" not in drawing.source


def test_tensors_show_type_and_range() -> None:
    x = tg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], name="x")
    v = tg.tensor([1.0, -2.0, 0.5], name="v")
    numbers = written(tg.draw((x * v).sum()))
    assert numbers["x"] == ("float32[2,3]", "1.0 … 6.0", "-2.0 … 1.0", "")
    assert numbers["v"] == ("float32[3]", "[1.0, -2.0, 0.5]", "[5.0, 7.0, 9.0]", "")


def test_several_elements_need_what_comes_in_from_above() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    assert written(tg.draw(x * x))["x"] == ("float32[2]", "[1.0, 2.0]", "·", "")
    numbers = written(tg.draw(x * x, gradients=[1.0, 10.0]))
    assert numbers["x"][2] == "[2.0, 40.0]"
    with pytest.raises(tg.GradientError, match="gradients=ARRAY"):
        tg.draw(x * x, gradients=True)


def test_what_has_no_gradient_has_nothing_below() -> None:
    x, n = tg.tensor([1.0, 2.0], name="x"), tg.tensor([1, 0], name="n")
    numbers = written(tg.draw((tg.detach(x) * x + n.astype("float32")).sum()))
    assert numbers["n"] == ("int32[2]", "[1, 0]", "", "")
    assert numbers["detach_1"][2] == "[1.0, 2.0]"


def test_modules_are_frames(golden) -> None:
    drawing = tg.draw(conv_net(), detail="gates", values=False)
    titles = re.findall(r"<b>(\w+)</b></font>>", drawing.source)
    wanted = ["block1", "conv_a", "conv_b", "block2", "conv_a", "conv_b", "dense", "cross_entropy"]
    assert titles[: len(wanted)] == wanted
    golden.check("draw_conv_net.dot", placeless(drawing))


def test_the_mouse_shows_formula_role_and_line() -> None:
    source = tg.draw(neuron()).source
    assert r"mul_1: float32[], a swap multiplier\nmul_1 = w0 * x0\ncircuits.py:" in source


def test_direction() -> None:
    assert "rankdir=LR" in tg.draw(neuron()).source
    down = tg.draw(neuron(), direction="TB")
    assert "rankdir=TB" in down.source
    assert written(down)["w0"] == ("2.0", "-0.1966")


def test_long_circuits_go_down() -> None:
    y = tg.tensor(1.0)
    for _ in range(30):
        y = tg.tanh(y)
    assert "rankdir=TB" in tg.draw(y).source


def test_the_same_graph_gives_the_same_picture() -> None:
    assert placeless(tg.draw(conv_net())) == placeless(tg.draw(conv_net()))
    backward = [placeless(tg.draw(conv_net(), backward=True)) for _ in range(2)]
    assert backward[0] == backward[1]
