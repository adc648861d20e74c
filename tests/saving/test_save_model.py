"""Models of every kind come back from a file as they were."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn
from tinygraph.nn.models import load_model, model_from_json
from tinygraph.regularizers import L2
from tinygraph.saving.functions import find_function, function_name
from tinygraph.weights import load_arrays, save_arrays


def sequential() -> nn.Model:
    return nn.Sequential(
        [
            nn.Input((8, 8, 2)),
            nn.Conv2D(3, 3, padding="same", activation="relu", kernel_regularizer=L2(0.1)),
            nn.BatchNormalization(momentum=0.9),
            nn.MaxPooling2D(2),
            nn.Flatten(),
            nn.Dropout(0.25, seed=3),
            nn.Dense(4, activation=tg.tanh, kernel_initializer="he_normal"),
        ],
        name="line",
    )


def without_input() -> nn.Model:
    model = nn.Sequential([nn.Dense(3, "relu"), nn.Dense(4)])
    model(np.ones((2, 5), np.float32))
    return model


def two_in_two_out() -> nn.Model:
    a, b = nn.Input((5,), name="a"), nn.Input((5,), name="b")
    shared = nn.Dense(5, name="shared")
    with tg.scope("left"):
        x = nn.Dense(5)(shared(a))
    with tg.scope("right"):
        y = nn.Dense(5)(shared(b))
    both = nn.Concatenate()([x, y])
    return nn.Model({"a": a, "b": b}, {"sum": x + y, "last": nn.Dense(2)(both)}, name="twins")


def nested() -> nn.Model:
    inner = nn.Sequential([nn.Input((4,)), nn.Dense(4), nn.Sequential([nn.Dense(4)])])
    x = nn.Input((4,))
    y = inner(x)
    return nn.Model(x, inner(y * 2.0 + np.arange(4, dtype=np.float32)))


def one_graph_two_models() -> nn.Model:
    """An encoder and the whole net share layers and symbols; both are parts of a third."""
    x = nn.Input((6,))
    code = nn.Dense(3, name="code")(x)
    encoder = nn.Model(x, code, name="encoder")
    whole = nn.Model(x, nn.Dense(6)(code), name="whole")
    z = nn.Input((6,))
    return nn.Model(z, [encoder(z), whole(z)])


class Stretch(nn.Layer):
    """A layer from outside, with a way of its own to keep its arguments."""

    def __init__(self, start: float, *shape: int, square: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.first = start * 2
        self.square = square
        self.shape = shape

    def build(self, shape: Any) -> None:
        self.factor = self.add_weight(shape[-1:], lambda s, _: np.full(s, self.first), name="f")

    def call(self, x: Any) -> Any:
        return x * self.factor * (self.factor if self.square else 1.0)


class Residual(nn.Layer):
    """A layer around another one, which it is given."""

    def __init__(self, inner: nn.Layer, **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner

    def call(self, x: Any) -> Any:
        return x + self.inner(x)


class Blocks(nn.Model):
    """A model with a call of its own."""

    def __init__(self, count: int = 2) -> None:
        super().__init__()
        self.blocks = [Residual(nn.Dense(5, name="d")) for _ in range(count)]
        self.norm = nn.BatchNormalization()

    def call(self, x: Any, training: bool = False) -> Any:
        for block in self.blocks:
            x = block(x)
        return self.norm(x, training=training)


def outside() -> nn.Model:
    inner = nn.Dense(5)
    layers = [nn.Input((5,)), Stretch(1.5, 2, 3, square=True), Residual(inner), Residual(inner)]
    return nn.Sequential(layers)


def own_call() -> nn.Model:
    model = Blocks(3)
    model(np.ones((2, 5), np.float32))
    return model


class Line(nn.Model):
    """A model with arguments of its own that connects symbols."""

    def __init__(self, width: int) -> None:
        x = nn.Input((5,))
        super().__init__(x, nn.Dense(width)(x), name="line")


def values() -> nn.Model:
    """Arguments of all kinds."""
    x = nn.Input((4,), dtype="float64")
    y = nn.Lambda(partial(tg.leaky_relu, slope=0.25))(x)
    y = nn.Activation(tg.softmax, dtype="float64")(y)
    y = nn.Lambda(tg.minimum)(y, float("inf"))
    return nn.Model(x, [nn.Dense(2, dtype="float64")(x), y])


MODELS: list[Any] = [
    (sequential, (3, 8, 8, 2)),
    (without_input, (3, 5)),
    (two_in_two_out, {"a": (3, 5), "b": (3, 5)}),
    (nested, (3, 4)),
    (one_graph_two_models, (3, 6)),
    (outside, (3, 5)),
    (own_call, (3, 5)),
    (lambda: Line(7), (3, 5)),
]


def sample(shape: Any, dtype: Any = np.float32) -> Any:
    if isinstance(shape, dict):
        return {k: sample(s) for k, s in shape.items()}
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def results(model: nn.Model, x: Any) -> list[np.ndarray]:
    y = model(x)
    y = [*y.values()] if isinstance(y, dict) else y if isinstance(y, list) else [y]
    return [each.numpy() for each in y]


def assert_same(one: nn.Model, other: nn.Model, x: Any) -> None:
    a, b = one.named_parameters(), other.named_parameters()
    assert [*a] == [*b]
    for name, p in a.items():
        assert p.numpy().tobytes() == b[name].numpy().tobytes(), name
        assert p.trainable == b[name].trainable
    assert [layer.name for layer in one.layers] == [layer.name for layer in other.layers]
    for y, z in zip(results(one, x), results(other, x), strict=True):
        assert y.tobytes() == z.tobytes()


@pytest.mark.parametrize(("make", "shape"), MODELS)
def test_a_model_comes_back(make: Any, shape: Any, tmp_path: Path) -> None:
    model, x = make(), sample(shape)
    for p in model.parameters:  # not what a new one would be
        p.assign(p + 0.125)
    model.save(tmp_path / "m")
    with tg.scope("elsewhere"):  # is no part of the layers' paths
        again = load_model(tmp_path / "m")
    assert type(again) is type(model)
    assert_same(model, again, x)
    assert nn.Model.load(tmp_path / "m").to_json() == nn.load_model(tmp_path / "m").to_json()
    again.save(tmp_path / "n")
    assert (tmp_path / "n").read_bytes() == (tmp_path / "m").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m", "n"]


def test_arguments_of_all_kinds_come_back(tmp_path: Path) -> None:
    model = values()
    model.save(tmp_path / "m")
    assert_same(model, load_model(tmp_path / "m"), sample((3, 4), np.float64))


@pytest.mark.parametrize(("make", "shape"), MODELS)
def test_json_makes_such_a_model(make: Any, shape: Any) -> None:
    model = make()
    text = model.to_json()
    again = model_from_json(text)
    assert again.to_json() == text
    again.initialize(3)
    model.initialize(3)
    assert_same(model, again, sample(shape))


@pytest.mark.parametrize(("make", "shape"), MODELS)
def test_config_and_from_config(make: Any, shape: Any) -> None:
    model = make()
    again = type(model).from_config(model.get_config())
    if not again.built:
        again(sample(shape))
    again.initialize(3)
    model.initialize(3)
    assert_same(model, again, sample(shape))


def test_json_alone_draws_weights() -> None:
    again = model_from_json(sequential().to_json())
    assert np.abs(again.get_layer("conv2d").kernel.numpy()).sum() > 0


def test_loading_takes_nothing_from_the_seed(tmp_path: Path) -> None:
    sequential().save(tmp_path / "m")
    nn.set_random_seed(5)
    first = nn.Sequential([nn.Input((4,)), nn.Dense(4)]).parameters[0].numpy()
    nn.set_random_seed(5)
    load_model(tmp_path / "m")
    second = nn.Sequential([nn.Input((4,)), nn.Dense(4)]).parameters[0].numpy()
    np.testing.assert_array_equal(first, second)


def test_a_model_that_is_not_built_is_not_built_there_either(tmp_path: Path) -> None:
    nn.Sequential([nn.Dense(3)]).save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert not again.built
    assert again(np.ones((2, 4), np.float32)).shape == (2, 3)


def test_what_was_changed_after_it_was_made(tmp_path: Path) -> None:
    model = sequential()
    model.get_layer("dense").activation = tg.relu
    model.get_layer("dropout").rate = 0.5
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert again.get_layer("dense").activation is tg.relu
    assert again.get_layer("dropout").rate == 0.5
    assert again.get_layer("conv2d").padding == "same"


class Doubles(nn.Layer):
    """Keeps something else under the name of its argument."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = 2 * rate

    def call(self, x: Any) -> Any:
        return x * self.rate


def test_an_attribute_that_is_not_the_argument(tmp_path: Path) -> None:
    layer = Doubles(3.0)
    model = nn.Sequential([nn.Input((2,)), layer])
    assert layer.get_config() == {"rate": 3.0}
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").layers[0].rate == 6.0
    layer.rate = 7.0
    with pytest.raises(tg.TinygraphError, match=r"changed after it was made: its rate is 7.0"):
        model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").layers[0].rate == 6.0  # still there


class KerasStyle(nn.Layer):
    """Says its config itself, as layers for Keras do."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.dense = nn.Dense(units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.dense.units + 1}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(**{**config, "units": config["units"] - 1})

    def call(self, x: Any) -> Any:
        return self.dense(x)


def test_a_config_of_its_own(tmp_path: Path) -> None:
    model = nn.Sequential([nn.Input((2,)), KerasStyle(3, name="own")])
    model.save(tmp_path / "m")
    assert load_arrays(tmp_path / "m").notes["architecture"]["model"]["layers"][0]["arguments"] == {
        "units": 4,
        "name": "own",
    }
    assert_same(model, load_model(tmp_path / "m"), sample((2, 2)))


def test_what_is_frozen_stays_frozen(tmp_path: Path) -> None:
    model = Blocks(2)
    model(np.ones((2, 5), np.float32))
    model.blocks[1].inner.trainable = False
    model.norm.gamma.trainable = False
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert not again.blocks[1].inner.trainable
    assert again.blocks[0].inner.trainable
    assert [*map(np.shape, again.parameters)] == [*map(np.shape, model.parameters)]
    assert not again.norm.gamma.trainable


# Functions


def cube(x: Any) -> Any:
    return x**3


def test_a_function_without_a_name_is_refused(tmp_path: Path) -> None:
    model = nn.Sequential([nn.Input((2,)), nn.Lambda(lambda x: x + 1, name="plus")], name="m")
    with pytest.raises(
        tg.DataError, match=r"m/plus: function: .*<lambda> .*test_save_model.py:\d+"
    ):
        model.save(tmp_path / "m")
    assert [*tmp_path.iterdir()] == []


def test_a_function_of_ones_own_needs_a_name(tmp_path: Path) -> None:
    model = nn.Sequential([nn.Input((2,)), nn.Lambda(cube), nn.Dense(2, activation=cube)])
    with pytest.raises(tg.DataError, match=r'cube .*custom_objects=\{"some_name": function\}'):
        model.save(tmp_path / "m")
    model.save(tmp_path / "m", custom_objects={"cube": cube})
    with pytest.raises(tg.DataError, match=r"give custom_objects=\{'cube': ...\}"):
        load_model(tmp_path / "m")
    assert_same(model, load_model(tmp_path / "m", {"cube": cube}), sample((3, 2)))
    assert model_from_json(model.to_json({"cube": cube}), {"cube": cube}).layers[0].function is cube


def test_every_activation_and_initializer_has_a_name(tmp_path: Path) -> None:
    for function in nn.activations.ACTIVATIONS.values():
        name = function_name(function)
        assert name is not None, function
        assert find_function(name) is function
    assert find_function("losses.mean_squared_error") is nn.losses.mean_squared_error
    for name in ("scope", "origin_here", "save_arrays", "functional", "eval", "losses.scope"):
        with pytest.raises(tg.DataError, match="no function"):
            find_function(name)


def test_operators_between_symbols_are_functions_of_ours(tmp_path: Path) -> None:
    x = nn.Input((3,))
    model = nn.Model(x, (2.0 - x) * x / 4.0)
    model.save(tmp_path / "m")
    assert_same(model, load_model(tmp_path / "m"), sample((2, 3)))


def test_a_parameter_that_no_layer_has(tmp_path: Path) -> None:
    x = nn.Input((3,))
    model = nn.Model(x, x * tg.parameter(2.0, name="loose"))
    with pytest.raises(tg.DataError, match=r"the parameter loose belongs to no layer"):
        model.save(tmp_path / "m")


# Classes


def edited(path: Path, change: Any) -> None:
    """Writes the file again with other notes, and their right digest."""
    archive = load_arrays(path)
    change(archive.notes)
    save_arrays(path, archive.arrays, archive.notes)


def first_layer(notes: Any) -> Any:
    return notes["architecture"]["model"]["layers"][0]


def test_classes_are_found_and_never_imported(tmp_path: Path) -> None:
    path = tmp_path / "m"
    nn.Sequential([nn.Input((2,)), Stretch(2.0)]).save(path)

    def rename(name: str) -> None:
        edited(path, lambda notes: first_layer(notes).update(layer=name))

    rename("elsewhere.Stretch")  # as from a script that was __main__
    assert type(load_model(path).layers[0]) is Stretch
    rename("antigravity.Fly")
    with pytest.raises(tg.DataError, match=r"no class antigravity.Fly: import .*={'Fly': Fly}"):
        load_model(path)
    import sys

    assert "antigravity" not in sys.modules
    assert type(load_model(path, {"Fly": Stretch}).layers[0]) is Stretch
    rename("os.system")
    with pytest.raises(tg.DataError, match=r"no class os\.system"):
        load_model(path)
    rename("tinygraph.optimizers.SGD")
    with pytest.raises(tg.DataError, match="SGD is no layer"):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n.update(version=99), "has version 99, .* newer"),
        (lambda n: n["architecture"].update(version=2), "has version 2, .* newer"),
        (lambda n: n.update(kind="x"), r"holds no model, only arrays"),
        (lambda n: n.pop("architecture"), "incomplete"),
        (lambda n: n["architecture"].pop("model"), "cannot be made again"),
        (lambda n: first_layer(n)["arguments"].update(no=1), "has no argument 'no'"),
        (lambda n: first_layer(n)["arguments"].update(units=7), r"dense/kernel is float32\[2,3\]"),
        (lambda n: first_layer(n)["arguments"].update(units="x"), "cannot be made again"),
        (
            lambda n: first_layer(n)["arguments"].update(activation={"function": "os.system"}),
            "no function 'os.system'",
        ),
        (
            lambda n: first_layer(n)["arguments"].update(activation={"function": "__import__"}),
            "no function '__import__'",
        ),
        (lambda n: first_layer(n)["arguments"].update(units={"new": 1}), "does not know"),
        (lambda n: n["architecture"].update(frozen_layers=["nowhere"]), "has no nowhere"),
        (lambda n: n.update(architecture=json.loads("[" * 500 + "]" * 500)), "describes no model"),
    ],
)
def test_notes_that_make_no_sense(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "m"
    nn.Sequential([nn.Input((2,)), nn.Dense(3)]).save(path)
    edited(path, change)
    with pytest.raises(tg.DataError, match=message):
        load_model(path)


def test_json_that_is_none() -> None:
    for text in ("", "{", "[]", "null", "[" * 100_000, '{"version": 1}', '{"version": "1"}'):
        with pytest.raises(tg.DataError):
            model_from_json(text)


def test_a_file_of_weights_is_no_model(tmp_path: Path) -> None:
    model = sequential()
    model.save_weights(tmp_path / "w")
    with pytest.raises(tg.DataError, match="holds no model, only arrays"):
        load_model(tmp_path / "w")
    with pytest.raises(tg.DataError, match=r"cannot read .*: No such file"):
        load_model(tmp_path / "none")


def test_weights_are_read_from_a_whole_model_too(tmp_path: Path) -> None:
    model, other = sequential(), sequential()
    other.initialize(9)
    model.save(tmp_path / "m")
    other.load_weights(tmp_path / "m")
    assert_same(model, other, sample((2, 8, 8, 2)))


def test_a_model_that_saw_data_but_was_never_called_is_warned_of(tmp_path: Path) -> None:
    layer = nn.layers.Normalization()
    layer.adapt(np.ones((4, 3), np.float32))
    with pytest.warns(UserWarning, match=r"will not give this model back: .*_stack_0/mean"):
        nn.Sequential([layer, nn.Dense(1)]).save(tmp_path / "m")


class Times(nn.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Dense(2)

    def call(self, x: Any, factor: float) -> Any:
        return self.dense(x) * factor


def test_a_model_that_was_called_with_a_number(tmp_path: Path) -> None:
    model, x = Times(), np.ones((4, 3), np.float32)
    wanted = model(x, 2.0).numpy()
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(load_model(tmp_path / "m")(x, 2.0).numpy(), wanted)
