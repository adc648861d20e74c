"""What all optimizers can do: schedules, clipping, weight decay, names, Keras's calls; errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optimizer_rules import START, loss

import tinygraph as tg
from tinygraph import optimizers
from tinygraph.optimizers import SGD, Adam, AdamW, Ftrl, Optimizer, RMSprop, find_optimizer
from tinygraph.optimizers.schedules import ExponentialDecay, PiecewiseConstantDecay

MODES = ["eager", "numpy", "llvm"]


def stepper(optimizer: Optimizer, gradients: list[Any], mode: str) -> Any:
    def step() -> None:
        optimizer.apply(gradients)

    return step if mode == "eager" else tg.jit(step, backend=mode)


# Learning rates


def test_lr_is_the_older_name() -> None:
    assert float(SGD(lr=0.5, momentum=0.9).learning_rate) == 0.5
    assert float(find_optimizer("sgd").learning_rate) == 0.01
    assert float(Adam(lr=0.25).learning_rate) == 0.25


@pytest.mark.parametrize("mode", MODES)
def test_the_rate_can_be_set_between_steps(mode: str) -> None:
    x = tg.parameter(0.0)
    optimizer = SGD(0.5)
    optimizer.learning_rate = 1
    optimizer.build([x])
    step = stepper(optimizer, [tg.ones(())], mode)
    step()
    optimizer.learning_rate = 0.25
    step()
    optimizer.learning_rate = tg.tensor(np.float64(0.125))
    step()
    optimizer.learning_rate.assign(2.0)
    step()
    assert x.item() == -3.375


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_schedule_is_told_the_steps_done(mode: str, dtype: str) -> None:
    x = tg.parameter(np.zeros((), dtype))
    optimizer = SGD(PiecewiseConstantDecay([0, 2], [1.0, 0.5, 0.25]), parameters=[x])
    step = stepper(optimizer, [tg.ones((), dtype)], mode)
    seen = []
    for _ in range(5):
        step()
        seen.append(x.item())
    assert seen == [-1, -1.5, -2, -2.25, -2.5]
    assert float(optimizer.learning_rate) == 0.25
    assert [*optimizer.named_state()] == ["iterations"]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_schedule_resumes_bit_for_bit(backend: str) -> None:
    def run(x: Any, optimizer: Any, count: int) -> None:
        @tg.jit(backend=backend)
        def step() -> None:
            optimizer.apply(tg.grad(loss(x), [x]))

        for _ in range(count):
            step()

    def fresh(start: np.ndarray) -> tuple[Any, Any]:
        x = tg.parameter(start)
        return x, Adam(ExponentialDecay(0.1, 3, 0.7), parameters=[x])

    x, optimizer = fresh(START)
    run(x, optimizer, 7)
    other, resumed = fresh(x.numpy().copy())
    for name, p in resumed.named_state().items():
        p.assign(optimizer.named_state()[name].numpy())
    run(x, optimizer, 5)
    run(other, resumed, 5)
    np.testing.assert_array_equal(x.numpy(), other.numpy())


def test_a_function_is_a_schedule() -> None:
    x = tg.parameter(0.0)
    optimizer = SGD(lambda step: 1 / (1 + step.astype("float32")), parameters=[x])
    for _ in range(3):
        optimizer.apply([tg.ones(())])
    assert x.item() == pytest.approx(-(1 + 1 / 2 + 1 / 3))


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", optimizers.find.OPTIMIZERS)
def test_a_rate_of_zero_moves_nothing(name: str, backend: str) -> None:
    x = tg.parameter(START)
    optimizer = optimizers.find.OPTIMIZERS[name](0.0)
    optimizer.build([x])

    @tg.jit(backend=backend)
    def step() -> None:
        optimizer.apply(tg.grad(loss(x), [x]))

    for _ in range(3):
        step()
    np.testing.assert_array_equal(x.numpy(), START)
    optimizer.learning_rate = 0.1
    step()
    assert np.isfinite(x.numpy()).all()
    assert (x.numpy() != START).any()


# Clipping and weight decay


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"clipvalue": 2.0}, [[2, -2], [1]]),
        ({"clipnorm": 2.5}, [[1.5, -2], [1]]),
        ({"global_clipnorm": 26**0.5 / 2}, [[1.5, -2], [0.5]]),
        ({"clipnorm": 5.0}, [[3, -4], [1]]),
        ({"global_clipnorm": 6.0}, [[3, -4], [1]]),
    ],
)
def test_clipping(options: Any, steps: list[list[float]], mode: str) -> None:
    x, y = tg.parameter(np.zeros(2)), tg.parameter(np.zeros(1, np.float32))
    optimizer = SGD(1.0, parameters=[x, y], **options)
    stepper(optimizer, [tg.tensor(np.array([3.0, -4.0])), tg.ones((1,))], mode)()
    np.testing.assert_allclose(x.numpy(), np.negative(steps[0]), rtol=1e-12)
    np.testing.assert_allclose(y.numpy(), np.negative(steps[1]), rtol=1e-6)


@pytest.mark.parametrize("clip", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_a_gradient_of_zero_is_clipped_to_zero(clip: str) -> None:
    x = tg.parameter([1.0, 2.0])
    SGD(1.0, parameters=[x], **{clip: 0.5}).apply([tg.zeros((2,))])
    assert x.tolist() == [1, 2]


def test_clipping_by_hand() -> None:
    gradients = [tg.tensor([3.0]), tg.tensor([4.0])]
    assert optimizers.global_norm(gradients).item() == 5
    clipped = optimizers.clip_by_global_norm(gradients, 1.0)
    np.testing.assert_allclose([g.item() for g in clipped], [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_weight_decay_is_decoupled(mode: str) -> None:
    w, b = tg.parameter(np.array([2.0]), "dense/kernel"), tg.parameter(np.array([2.0]), "bias")
    optimizer = SGD(0.5, weight_decay=0.1, clipvalue=1e-9)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build([w, b])
    stepper(optimizer, [tg.zeros((1,), "float64")] * 2, mode)()
    assert w.item() == pytest.approx(2 - 0.5 * 0.1 * 2)
    assert b.item() == 2


def test_weight_decay_may_leave_parameters_out() -> None:
    w, b = tg.parameter([2.0]), tg.parameter([2.0])
    optimizer = AdamW(0.5, 0.1)
    optimizer.exclude_from_weight_decay([b])
    optimizer.apply([tg.zeros((1,))] * 2, [w, b])
    np.testing.assert_allclose([w.item(), b.item()], [1.9, 2.0], rtol=1e-6)


# Names, and Keras's calls


def test_find_optimizer() -> None:
    for name, kind in (
        ("rmsprop", RMSprop),
        ("RMSprop", RMSprop),
        ("SGD", SGD),
        ("adamw", AdamW),
        ("RMS-Prop", RMSprop),
        ("proximal_adagrad", optimizers.ProximalAdagrad),
        ("Adadelta", optimizers.Adadelta),
        (Ftrl, Ftrl),
    ):
        assert type(find_optimizer(name)) is kind
    own = Adam(0.5)
    assert find_optimizer(own) is own
    assert type(optimizers.get("adam-w")) is AdamW


def test_apply_gradients_of_lecture_4() -> None:
    x = tg.parameter(2.0)
    optimizer = SGD(learning_rate=0.2)
    optimizer.apply_gradients([(tg.grad(x**2, x), x)])
    optimizer.apply_gradients(zip(tg.grad(x**2, [x]), [x]))
    assert x.item() == pytest.approx(0.72)


def test_an_unbuilt_optimizer_can_be_built_in_a_jitted_step() -> None:
    x = tg.parameter(np.array([2.0]))
    optimizer = Adam(0.125)

    @tg.jit(backend="numpy")
    def step() -> None:
        optimizer.apply(tg.grad(tg.sum(x**2), [x]), [x])

    step()
    step()
    assert int(optimizer.iterations) == 2
    assert x.item() == pytest.approx(2 - 0.25, abs=1e-2)


def test_an_optimizer_says_what_it_was_made_with() -> None:
    optimizer = AdamW(0.5, clipnorm=1.0)
    assert optimizer.get_config() == {"learning_rate": 0.5, "clipnorm": 1.0}
    again = AdamW.from_config(optimizer.get_config())
    assert (float(again.learning_rate), again.clipnorm, again.weight_decay) == (0.5, 1.0, 0.004)
    trained = SGD(lr=0.1, parameters=[tg.parameter(1.0)])
    assert trained.get_config() == {"learning_rate": 0.1}
    trained.learning_rate = 0.5
    assert trained.get_config() == {"learning_rate": 0.5}
    assert SGD().get_config() == {}
    trained.clipnorm, trained.weight_decay = 2.0, 0.5
    assert trained.get_config() == {"learning_rate": 0.5, "clipnorm": 2.0, "weight_decay": 0.5}
    falling = ExponentialDecay(0.1, 10, 0.5)
    assert SGD(falling).get_config() == {"learning_rate": falling}


# Errors


def one() -> Any:
    return tg.parameter(1.0, "w")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0.1).apply([]), "trains nothing yet"),
        (lambda: SGD(0.1, parameters=[tg.tensor(1.0)]), "an optimizer trains parameters"),
        (lambda: SGD(0.1, parameters=[]), "an optimizer trains parameters"),
        (lambda: SGD(0.1, parameters=[(w := one()), w]), "trains each parameter once"),
        (lambda: SGD(0.1, momentum=2), "a momentum from 0 to 1"),
        (lambda: SGD(0.1, parameters=[one()]).apply([]), "trains 1 parameters, got 0"),
        (lambda: SGD(0.1, parameters=[one()]).apply({}), "there is no gradient for w"),
        (lambda: SGD(0.1, parameters=[one()]).apply([None]), "the gradient for w is None"),
        (lambda: SGD(0.1, parameters=[one()]).apply([tg.ones((2,))]), r"type float32\[\], got"),
        (lambda: SGD(0.1, parameters=[one()]).apply([tg.ones((), "float64")]), "cast with"),
        (lambda: SGD(0.1, parameters=[one()]).build([one()]), "trains other parameters already"),
        (lambda: SGD("fast"), "SGD needs a learning rate that is a number of at least 0"),
        (lambda: SGD(-0.1), "at least 0, or a schedule, got -0.1"),
        (lambda: SGD(float("nan")), "got nan"),
        (lambda: SGD(0.1, lr=0.2), "SGD got both, 0.2 and 0.1"),
        (lambda: SGD(decay=1e-6), "SGD has no argument decay=; give learning_rate= a schedule"),
        (lambda: Adam(beta1=0.5), "Adam has no argument beta1="),
        (lambda: Adam(beta_1=1.0), "Adam needs beta_1= a number of at least 0 and below 1"),
        (lambda: RMSprop(epsilon=-1), "RMSprop needs epsilon= a number of at least 0"),
        (lambda: optimizers.ProximalAdagrad(0.1, 0.0), "initial_accumulator_value= a number above"),
        (lambda: Ftrl(l1_regularization_strength=-1), "l1_regularization_strength= a number of"),
        (lambda: Ftrl(learning_rate_power=0.5), "learning_rate_power= a number of at most 0"),
        (lambda: SGD(clipnorm=1, clipvalue=1), "clips in one way, got clipnorm=1 and clipvalue=1"),
        (lambda: SGD(clipnorm=0), "SGD needs clipnorm= a number above 0, got 0"),
        (lambda: SGD(weight_decay=-1), "SGD needs weight_decay= a number of at least 0"),
        (lambda: find_optimizer("adma"), "no optimizer 'adma'; there are sgd, adam, adamw"),
        (lambda: find_optimizer(0.1), "no optimizer 0.1"),
        (lambda: set_rate(SGD(ExponentialDecay(1, 1, 0.5)), 0.1), "sgd has a schedule"),
        (lambda: set_rate(SGD(0.1), ExponentialDecay(1, 1, 0.5)), "belongs into the constructor"),
        (lambda: set_rate(SGD(0.1), -1), "at least 0"),
        (lambda: SGD(lambda step: step, parameters=[one()]).apply([1.0]), "gives a float scalar"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        make()


def set_rate(optimizer: Optimizer, rate: Any) -> None:
    optimizer.learning_rate = rate
