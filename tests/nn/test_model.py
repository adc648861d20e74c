"""Models: functional, sequential, classes of one's own; names, sharing, summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import models, nn
from tinygraph.graph import topological
from tinygraph.nn.summary import summary_text

RNG = np.random.default_rng(0)


def two_branches() -> nn.Model:
    left, right = nn.Input((8,), name="left"), nn.Input((4,), name="right")
    with tg.scope("trunk"):
        shared = nn.Dense(3, activation="relu", name="shared")
        x = shared(nn.Dense(4)(left))
        y = shared(right)
    both = nn.Concatenate()([x, y])
    return nn.Model([left, right], {"sum": x + y, "both": nn.Dense(2)(both)}, name="pair")


def test_several_inputs_and_outputs_and_shared_layers() -> None:
    model = two_branches()
    left, right = RNG.normal(size=(5, 8)), RNG.normal(size=(5, 4))
    out = model([left, right])
    assert out["both"].shape == (5, 2)
    assert [*model.named_parameters()] == [
        "trunk/dense/kernel",
        "trunk/dense/bias",
        "trunk/shared/kernel",
        "trunk/shared/bias",
        "dense/kernel",
        "dense/bias",
    ]
    p = {k: v.numpy().astype(float) for k, v in model.named_parameters().items()}

    def shared(x: np.ndarray) -> np.ndarray:
        return np.maximum(x @ p["trunk/shared/kernel"] + p["trunk/shared/bias"], 0)

    x = shared(left @ p["trunk/dense/kernel"] + p["trunk/dense/bias"])
    np.testing.assert_allclose(out["sum"].numpy(), x + shared(right), rtol=1e-4, atol=1e-6)


def test_nodes_carry_layer_and_line() -> None:
    x = nn.Input((8,))
    with tg.scope("block"):
        y = nn.Dense(4)(x)
    model = nn.Model(x, nn.Dense(2)(y), name="net")
    origin = model(np.ones((1, 8), np.float32)).node.origin
    assert origin is not None
    assert origin.scope == ("net", "dense")
    assert (
        "model = nn.Model(x, nn.Dense(2)(y)"
        in Path(__file__).read_text().splitlines()[origin.line - 1]
    )
    inner = model(np.ones((1, 8), np.float32)).node.inputs[0]
    scopes = {n.origin.scope for n in topological([inner]) if n.origin}
    assert ("net", "block", "dense") in scopes


def test_a_model_is_a_layer() -> None:
    encoder = nn.Sequential([nn.Input((8,)), nn.Dense(4)], name="encoder")
    x = nn.Input((8,))
    model = nn.Model(x, nn.Dense(2)(encoder(x)))
    assert next(iter(model.named_parameters())) == "encoder/dense/kernel"
    assert model.count_params() == 36 + 10
    assert model.get_layer("encoder") is encoder
    encoder.trainable = False
    assert len(model.parameters) == 2
    assert len(model.state) == 2


def test_sequential_without_input_is_built_by_its_first_call() -> None:
    model = nn.Sequential([nn.Conv2D(2, 3), nn.ReLU()])
    assert model.count_params() == 0
    assert model(np.ones((1, 8, 8, 3), np.float32)).shape == (1, 6, 6, 2)
    assert model.count_params() == 56
    assert model(np.ones((2, 9, 12, 3), np.float32)).shape == (2, 7, 10, 2)


def test_paths_do_not_tell_when_a_sequential_was_built() -> None:
    def stack() -> list[nn.Layer]:
        return [nn.Dense(3), nn.Sequential([nn.Dense(2), nn.Dense(2)], name="inner")]

    early = nn.Sequential([nn.Input((4,)), *stack()])
    late = nn.Sequential(stack())
    late(np.ones((1, 4), np.float32))
    assert [*late.named_parameters()] == [*early.named_parameters()]
    assert "inner/dense_1/bias" in late.named_parameters()


def test_a_class_of_ones_own() -> None:
    class Residual(nn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [nn.Dense(4, activation="relu"), nn.Dense(4)]
            self.drop = nn.Dropout(0.5)

        def call(self, x: Any, training: bool) -> Any:
            y = x
            for block in self.blocks:
                y = block(y)
            return x + self.drop(y, training=training)

    nn.set_random_seed(0)
    model = Residual()
    x = np.ones((2, 4), np.float32)
    assert model(x).shape == (2, 4)
    assert [*model.named_parameters()] == [
        "blocks_0/kernel",
        "blocks_0/bias",
        "blocks_1/kernel",
        "blocks_1/bias",
        "drop/random_state",
    ]
    assert (model(x, training=True).numpy() != model(x).numpy()).any()
    outer = nn.Sequential([nn.Input((4,)), Residual(), nn.Dense(1)])
    assert outer(x).shape == (2, 1)
    assert "blocks_1 (Dense)" in summary_text(model)


def test_initialize_depends_on_the_seed_alone() -> None:
    first, second = two_branches(), two_branches()
    assert (first.parameters[0].numpy() != second.parameters[0].numpy()).any()
    first.initialize(5)
    second.initialize(5)
    for p, q in zip(first.parameters, second.parameters):
        np.testing.assert_array_equal(p.numpy(), q.numpy())
    second.initialize(6)
    assert (first.parameters[0].numpy() != second.parameters[0].numpy()).any()


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("classic_unet", 7_759_554),
        ("mnist_cnn", 34_826),
        ("mlp_big", 669_706),
        ("mlp_small", 13_002),
    ],
)
def test_parameter_counts(name: str, count: int) -> None:
    assert models.build(name).count_params() == count


def test_unknown_model() -> None:
    with pytest.raises(tg.TinygraphError, match=r"do you mean alexnet .*; there are"):
        models.build("alexnet2")


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_training_lowers_the_loss(backend: str) -> None:
    model = models.classic_unet(base=4, depth=2)
    model.initialize(0)
    optimizer = tg.optimizers.Adam(1e-2, parameters=model.parameters)
    x = RNG.normal(size=(2, 16, 16, 1)).astype(np.float32)
    y = (x[..., 0] > 0).astype(np.int32)

    @tg.jit(backend=backend)
    def step(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        loss = tg.cross_entropy(model(x, training=True), y)
        optimizer.apply(tg.grad(loss, optimizer.parameters))
        return loss

    losses = [step(x, y).item() for _ in range(12)]
    assert losses[-1] < 0.6 * losses[0]


def test_summary(golden: Any) -> None:
    golden.check("summary_mnist_cnn.txt", summary_text(models.mnist_cnn()))
    golden.check("summary_two_branches.txt", summary_text(two_branches()))


def test_summary_off_a_terminal_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    models.mlp_small().summary()
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "dense_1 (Dense)" in printed
    assert "13,002 parameters: 13,002 trainable, 0 not trainable" in printed


def sizes(model: nn.Model) -> list[Any]:
    return [call.result.shape for call in model.calls]


def test_free_extents_stay_free() -> None:
    model = models.classic_unet(base=2, depth=1)
    assert sizes(model)[0] == (None, None, None, 2)
    assert model(np.ones((1, 6, 10, 1), np.float32)).shape == (1, 6, 10, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: two_branches()([np.ones((5, 8))]), "model pair takes 2 inputs, got 1"),
        (
            lambda: two_branches()([np.ones((5, 9)), np.ones((5, 4))]),
            r"model pair: input left needs float32\[N,8\], got float32\[5,9\]",
        ),
        (
            lambda: models.mlp_small()(tg.tensor(np.ones((5, 784)))),
            r"needs float32\[N,784\], got float64\[5,784\]; cast with \.astype\('float32'\)",
        ),
        (
            lambda: nn.Model(nn.Input((3,)), nn.Dense(2)(nn.Input((3,)))),
            "the outputs need the input float32",
        ),
        (lambda: nn.Model(np.ones(3), np.ones(3)), "needs symbols that begin at Input"),
        (lambda: same_name_twice(), "two layers are called 'a'; names are unique"),
        (lambda: nn.Sequential([nn.Dense(1), nn.Input((3,))]), "one Input, before its layers"),
        (lambda: nn.Sequential([3]), "is made of layers, got 3"),
        (lambda: nn.Sequential([nn.Dense(3)]).summary(), "no shapes yet: call it once"),
        (lambda: nn.Input((0,)), "Input needs positive extents"),
        (lambda: two_branches().get_layer("x"), "model pair has no layer 'x'"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        make()


def same_name_twice() -> nn.Model:
    x = nn.Input((3,))
    return nn.Model(x, nn.Dense(2, name="a")(nn.Dense(2, name="a")(x)))


def test_operators_between_symbols_can_be_used_again() -> None:
    x, y = nn.Input((3,)), nn.Input((3,))
    model = nn.Model([x, y], x * 2.0 + y * 3.0 - 1.0 + x / y)
    assert [*dict(model.sublayers())] == ["mul", "mul_1", "add", "sub", "div", "add_1"]
    a, b = np.full((1, 3), 4, np.float32), np.full((1, 3), 2, np.float32)
    np.testing.assert_array_equal(model([a, b]), np.full((1, 3), 15))


def test_summary_as_text_and_with_nested_models() -> None:
    said: list[str] = []
    inner = nn.Sequential([nn.Dense(3), nn.Dense(2)], name="inner")
    x = nn.Input((4,))
    model = nn.Model(x, nn.Dense(1)(inner(x)))
    model.summary(print_fn=said.append)
    model.summary(print_fn=said.append, expand_nested=True)
    short, long = (text.splitlines() for text in said)
    assert len(long) == len(short) + 2
    assert long[4].split() == ["inner", "(Sequential)", "[N,2]", "23", "input"]
    assert long[5].split() == ["inner/dense", "(Dense)", "[N,3]", "15", "input"]
    assert long[6].split() == ["inner/dense_1", "(Dense)", "[N,2]", "8", "dense"]
    assert short[-1] == long[-1] == "26 parameters: 26 trainable, 0 not trainable"


def test_errors_while_a_model_is_written() -> None:
    five, six, image = nn.Input((5,)), nn.Input((6,)), nn.Input((5, 5, 1))
    dense = nn.Dense(3)
    dense(five)
    cases: list[tuple[Any, str]] = [
        (lambda: nn.Add()([five, six]), r"^add needs .* got float32\[N,5\], float32\[N,6\]"),
        (lambda: nn.Lambda(lambda x: x @ x)(five), r"^Lambda lambda: matmul .* float32\[N,5\] @"),
        (lambda: nn.Conv2D(1, 9)(image), r"^Conv2D conv2d: .* fit into \[N,5,5,1\]"),
        (lambda: dense(six), r"^Dense dense has weights for \[N,5\], got \[N,6\]"),
        (lambda: nn.Reshape((7,))(five), r"an example of \[N,5\] has 5 elements, \[7\] has 7"),
        (lambda: nn.Reshape((2, -1))(five), r"has 5 elements, so no .* -1 in \[2,-1\]"),
        (lambda: nn.Model(five), "needs outputs too"),
        (lambda: nn.Sequential(dense, six), "takes a list of layers"),
    ]
    for write, message in cases:
        with pytest.raises(tg.TinygraphError, match=message):
            write()


def test_a_function_of_a_symbol_says_its_line_once() -> None:
    with pytest.raises(tg.TinygraphError, match=r"Lambda\(tg.exp\)\(x\)  \(test_model.py:\d+\)$"):
        tg.relu(nn.Input((3,)))


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_an_error_while_a_model_runs_names_the_layer(backend: str) -> None:
    model = models.build("smiley_ring_unet", 0)
    x = np.ones((1, 33, 33, 1), np.float32)
    says = r"^Concatenate smiley_ring_unet/up1/concatenate: concatenate along axis 3"
    with pytest.raises(tg.ShapeError, match=says) as caught:
        model(x)
    assert caught.value.layer == "smiley_ring_unet/up1/concatenate"
    model.compile("sgd", "mse", backend=backend)
    for run in (lambda: model.predict(x), lambda: model.fit(x, x, verbose=0)):
        with pytest.raises(tg.ShapeError, match=says):
            run()


def test_an_error_in_a_nested_model_or_one_of_ones_own_names_the_layer_once() -> None:
    x = nn.Input((None, None, 1))
    halved = nn.UpSampling2D(2)(nn.MaxPooling2D(2)(x))
    block = nn.Model(x, nn.Concatenate(name="join")([x, halved]), name="block")
    y = nn.Input((None, None, 1))
    outer = nn.Model(y, block(nn.Activation("relu")(y)), name="outer")
    with pytest.raises(tg.ShapeError, match=r"^Concatenate outer/block/join: (?!.*outer/block)"):
        outer(np.ones((1, 3, 3, 1), np.float32))

    class Own(nn.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.inner = nn.Sequential([nn.Dense(2, name="first")], name="inner")

        def call(self, x: Any) -> Any:
            return self.inner(x)

    own = Own()
    own(np.ones((1, 3), np.float32))
    with pytest.raises(tg.ShapeError, match=r"^Dense own/inner/first has (?!.*first)"):
        own(np.ones((1, 4), np.float32))
