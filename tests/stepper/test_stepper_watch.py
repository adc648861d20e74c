"""tg.watch stops training at the first step where a condition holds, as that step began."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pytest

import tinygraph as tg
from tinygraph.errors import GrammarError
from tinygraph.nn import BatchNormalization, Dense, Dropout, Input, Model, Sequential
from tinygraph.stepper.prompt.interpreter import Interpreter
from tinygraph.stepper.session import Session
from tinygraph.stepper.training.stopped import Stopped

BACKENDS = ["numpy", "llvm"]
X = np.random.default_rng(1).standard_normal((12, 3)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5]], np.float32)).astype(np.float32)


def net(backend: str = "numpy", rate: float = 0.5, **options: Any) -> Model:
    """Trained with such a rate its loss grows until it is infinite, then NaN."""
    model = Sequential([Input((3,)), Dense(4), Dense(1)])
    model.initialize(0)
    said = {"loss": "mse", "metrics": ["mae"], "backend": backend, **options}
    model.compile(optimizer=tg.optimizers.SGD(rate), **said)
    return model


def dropout_net() -> Model:
    model = Sequential([Input((3,)), Dense(6), BatchNormalization(), Dropout(0.5), Dense(1)])
    model.initialize(0)
    model.compile(optimizer="adam", loss="mse", backend="numpy")
    return model


def state_of(model: Model) -> dict[str, np.ndarray]:
    """All that training changes, copied."""
    named = {**model.named_parameters(), **model.optimizer.named_state()}
    return {name: parameter.numpy().copy() for name, parameter in named.items()}


def losses_of(model: Model, steps: int) -> list[float]:
    """The loss of each step, and what becomes of the model, without a watch."""
    return [model.train_on_batch(X, Y)[0] for _ in range(steps)]


def fit(model: Model, epochs: int = 60, **options: Any) -> Any:
    return model.fit(X, Y, batch_size=12, epochs=epochs, shuffle=False, verbose=0, **options)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_stops_at_the_first_step_and_reproduces_its_loss(backend: str) -> None:
    losses = losses_of(net(backend), 60)
    first = next(k for k, loss in enumerate(losses) if not np.isfinite(loss))
    assert 3 < first < 60
    before = net(backend)
    losses_of(before, first)

    model = net(backend)
    seen: list[Stopped] = []
    with tg.watch(model, until="isnan(loss) or isinf(loss)", on_stop=seen.append) as watch:
        history = fit(model)
    (stopped,) = seen
    assert watch.stopped is stopped
    assert stopped.numbers["epoch"] == stopped.numbers["step"] == first + 1
    assert stopped.where == f"epoch {first + 1}, batch 0"
    loss = stopped.journal.value(stopped.journal.outputs[0])
    assert np.array_equal(loss, np.float32(losses[first]), equal_nan=True)
    assert len(history.history["loss"]) == first  # the bad step does not count
    expected, found = state_of(before), state_of(model)
    assert all(np.array_equal(expected[name], found[name]) for name in expected)
    assert model.watchers == ()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_numbers_of_the_step_are_those_of_the_run(backend: str) -> None:
    """Of a step in the middle, with finite numbers: bit for bit on numpy, else within rounding."""
    model = net(backend, 0.01)
    seen: list[Stopped] = []
    tg.watch(model, until="step == 5", on_stop=seen.append)
    fit(model)
    (stopped,) = seen
    before = state_of(model)
    loss = stopped.journal.value(stopped.journal.outputs[0])
    updates = {p.name: stopped.journal.value(v) for v, p in stopped.journal.updates.items()}
    model.watchers = ()
    real = np.float32(model.train_on_batch(X, Y)[0])
    tolerance = 0 if backend == "numpy" else 1e-5
    np.testing.assert_allclose(loss, real, rtol=tolerance)
    after = state_of(model)
    changed = {name for name in after if not np.array_equal(after[name], before[name])}
    assert len(changed) == 5  # kernels and biases, and the count of steps
    for name in changed:
        np.testing.assert_allclose(updates[name], after[name], rtol=tolerance, atol=tolerance)


def test_a_step_can_be_looked_at_when_training_has_gone_on() -> None:
    model = net(rate=0.01)
    seen: list[Stopped] = []
    with tg.watch(model, until="step == 2", on_stop=lambda s: seen.append(s) or True):
        fit(model, 5)
    (stopped,) = seen
    loss = stopped.journal.value(stopped.journal.outputs[0])
    assert loss == np.float32(losses_of(net(rate=0.01), 2)[1])


def test_dropout_statistics_and_shuffled_batches() -> None:
    model, plain = dropout_net(), dropout_net()
    seen: list[tuple[Stopped, float]] = []

    def look(stopped: Stopped) -> bool:
        loss = stopped.journal.value(stopped.journal.outputs[0])
        seen.append((stopped, float(loss)))
        return True  # goes on

    with tg.watch(model, until="step > 3 and batch == 1", on_stop=look):
        model.fit(X, Y, batch_size=5, epochs=4, verbose=0, seed=3)
    assert [s.where for s, _ in seen] == [f"epoch {e}, batch 1" for e in (2, 3, 4)]
    assert all(loss == s.numbers["loss"] for s, loss in seen)  # bit for bit
    plain.fit(X, Y, batch_size=5, epochs=4, verbose=0, seed=3)
    for ours, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)  # watching has changed nothing


def test_the_log_of_a_negative_number() -> None:
    """Stepping shows where the NaN of a loss began."""

    def loss(y: Any, p: Any) -> Any:
        return -tg.log(p).mean() + tg.square(p).mean() * 0.5

    model = Sequential([Input((3,)), Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizer=tg.optimizers.SGD(2.0), loss=loss, backend="numpy")
    seen: list[Stopped] = []
    x = np.abs(X)
    with tg.watch(model, until="isnan(loss)", on_stop=seen.append):
        model.fit(x, Y, batch_size=12, epochs=50, verbose=0)
    journal = seen[0].journal
    first = next(r for r in journal if np.isnan(journal.values[r.gate].array).any())
    assert first.gate.op.name == "log"
    assert (journal.value(first.gate.inputs[0]) < 0).any()
    assert np.isfinite(model.get_weights()[0]).all()


def test_metrics_parameters_gradients_and_gates() -> None:
    for until in (
        "mae > 5",
        "max(abs(dense/kernel)) > 5",
        "norm(grad(dense/kernel)) > 50",
        "max(abs(matmul_1)) > 5 and step > 0",
    ):
        seen: list[Stopped] = []
        model = net()
        with tg.watch(model, until=until, on_stop=seen.append):
            fit(model, 10)
        (stopped,) = seen
        assert 1 <= stopped.numbers["step"] <= 10, until
        assert stopped.condition == until


def test_a_gradient_is_that_of_the_step_itself() -> None:
    """Not that at the parameters after it: with a condition between two of them, the second."""
    norms: list[float] = []

    def look(stopped: Stopped) -> bool:
        (kernel,) = [n for n, name in stopped.journal.names.items() if name == "dense/kernel"]
        norms.append(float(np.linalg.norm(stopped.journal.gradient(kernel).astype(np.float64))))
        return True

    with tg.watch(net(), until="step > 0", on_stop=look) as watch:
        fit(watch.model, 3)
    assert norms[0] < norms[1] < norms[2]
    between = (norms[1] + norms[2]) / 2
    seen: list[Stopped] = []
    with tg.watch(net(), f"norm(grad(dense/kernel)) > {between}", on_stop=seen.append) as watch:
        fit(watch.model, 5)
    assert seen[0].numbers["step"] == 3


def test_a_parameter_has_its_value_after_the_step() -> None:
    """So the step shown is the one that made it what it is."""
    model = net()
    seen: list[Stopped] = []
    with tg.watch(model, until="max(abs(dense/kernel)) > 5", on_stop=seen.append):
        fit(model)
    journal = seen[0].journal
    (new,) = [v for v, p in journal.updates.items() if journal.names[p] == "dense/kernel"]
    assert np.abs(journal.value(new)).max() > 5
    assert np.abs(model.get_weights()[0]).max() <= 5


def test_what_is_unknown_is_said_with_what_there_is() -> None:
    model = net()
    with tg.watch(model, until="los > 3"), pytest.raises(GrammarError, match="close are loss"):
        fit(model)
    with pytest.raises(GrammarError):
        tg.watch(model, until="loss >")
    assert model.watchers == ()
    with pytest.raises(tg.TinygraphError, match="a model or a jitted function, got a list"):
        tg.watch([], until="loss > 3")


def test_without_a_terminal_it_is_an_error_and_the_model_is_whole() -> None:
    model = net()
    with (
        tg.watch(model, until="loss > 1000"),
        pytest.raises(tg.NumericError, match=r"epoch \d+, batch 0: loss > 1000 holds: loss .*mae"),
    ):
        fit(model)
    assert model.train_on_batch(X, Y)[0] > 1000  # it is as it was before that step


def test_the_journal_of_the_step_is_saved(tmp_path: Path) -> None:
    model = net()
    file = tmp_path / "bad.jsonl"
    with (
        tg.watch(model, until="loss > 1000", save=file),
        pytest.raises(tg.NumericError, match=r"its journal is in .*bad\.jsonl"),
    ):
        fit(model)
    header, *rows = map(json.loads, file.read_text().splitlines())
    assert "loss > 1000 holds" in header["what"]
    loss = model.train_on_batch(X, Y)[0]
    forward = [row for row in rows if row.get("kind") == "forward"]
    (last,) = [row["value"] for row in forward if row["gate"] == header["outputs"][0]]
    assert last == [pytest.approx(loss)]
    assert "grad(dense/kernel)" in [row.get("name") for row in rows]


def test_going_on_with_a_loss_that_is_no_number_ends_as_fit_does() -> None:
    model = net()
    with (
        tg.watch(model, until="isnan(loss) or isinf(loss)", on_stop=lambda stopped: True),
        pytest.raises(tg.NumericError, match="the loss is"),
    ):
        fit(model)


def test_an_infinite_loss_is_shown_where_only_nan_was_asked_for() -> None:
    """A loss that grows is infinite before it is NaN, and `fit` fails there."""
    model = net()
    seen: list[Stopped] = []
    with tg.watch(model, until="isnan(loss)", on_stop=seen.append):
        fit(model)
    (stopped,) = seen
    assert stopped.numbers["loss"] == np.inf
    assert "training fails, as the loss is no number: loss ∞" in str(stopped)
    assert "isnan(loss) holds" not in str(stopped)


def test_where_a_callback_ends_the_training_at_nan_only_the_condition_counts() -> None:
    model = net()
    with tg.watch(model, until="step == 1000") as watch:
        fit(model, callbacks=[tg.callbacks.TerminateOnNaN()])
    assert watch.stopped is None


def test_a_batch_by_itself() -> None:
    model = net()
    seen: list[Stopped] = []
    with tg.watch(model, until="loss > 1000", on_stop=seen.append):
        while not model.stop_training:
            before = state_of(model)
            found = model.train_on_batch(X, Y, return_dict=True)
    (stopped,) = seen
    assert stopped.where == "the batch"
    assert stopped.numbers["loss"] == found["loss"] > 1000
    assert all(np.array_equal(before[name], a) for name, a in state_of(model).items())


def test_resuming_goes_on_before_the_step_that_was_bad(tmp_path: Path) -> None:
    model = net(rate=0.01)
    with tg.watch(model, until="step == 4", on_stop=lambda stopped: False):
        fit(model, 6, resume=tmp_path)
    again = net(rate=0.01)
    fit(again, 6, resume=tmp_path)
    plain = net(rate=0.01)
    fit(plain, 6)
    assert all(np.array_equal(a, b) for a, b in zip(again.get_weights(), plain.get_weights()))


def test_two_watches() -> None:
    model = net(rate=0.01)
    seen: list[str] = []
    one = tg.watch(model, until="step == 2", on_stop=lambda s: seen.append("one") or True)
    two = tg.watch(model, until="step == 3", on_stop=lambda s: seen.append("two"))
    fit(model, 6)
    assert seen == ["one", "two"]
    assert model.optimizer.iterations.item() == 2
    one.stop()
    two.stop()
    assert model.watchers == ()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_jitted_step_of_ones_own(backend: str) -> None:
    w = tg.parameter(np.ones((3, 1), np.float32), name="w")

    @tg.jit(backend=backend)
    def step(x: Any, y: Any) -> Any:
        loss = tg.square(x @ w - y).mean()
        w.assign(w - 3.0 * tg.grad(loss, w))
        return {"mse": loss, "mean": w.mean()}

    seen: list[Stopped] = []
    watched = tg.watch(step, until="mse > 1e6", on_stop=seen.append)
    while watched.stopped is None:
        before = w.numpy().copy()
        result = watched(X, Y)
    assert np.array_equal(w.numpy(), before)
    journal = seen[0].journal
    assert journal.value(journal.outputs[0]) == pytest.approx(result["mse"].item(), rel=1e-5)
    assert seen[0].where == f"call {watched.steps}"
    watched.stop()
    watched(X, Y)
    assert not np.array_equal(w.numpy(), before)


def test_train_goes_on_and_is_refused_elsewhere() -> None:
    model = net(rate=0.01)
    seen: list[Session] = []

    def look(stopped: Stopped) -> bool:
        subject = stopped.subject
        session = subject.session()
        seen.append(session)
        (said,) = [line for a in Interpreter(session, strict=True).run("train") for line in a.lines]
        assert "no training waits" in said
        session.training = stopped
        (answer,) = Interpreter(session, strict=True).run("train")
        assert answer.ends
        return session.goes_on

    with tg.watch(model, until="step == 2 or step == 4", on_stop=look):
        fit(model, 5)
    assert len(seen) == 2
    assert "step == 2 or step == 4 holds here" in seen[0].notes[0]
    assert model.optimizer.iterations.item() == 5


PROGRAM = """
import numpy as np, tinygraph as tg
from tinygraph.nn import Dense, Input, Sequential
model = Sequential([Input((2,)), Dense(1)])
model.initialize(0)
model.compile(optimizer=tg.optimizers.SGD(0.01), loss="mse", backend="numpy")
x = np.ones((4, 2), np.float32)
with tg.watch(model, until="step == 2 or step == 4"):
    history = model.fit(x, x[:, :1], batch_size=4, epochs=9)
print("epochs", len(history.history["loss"]), "steps", model.optimizer.iterations.item())
"""


def test_at_a_terminal(tmp_path: Path) -> None:
    """The bar of fit makes room, Ctrl-C ends nothing, train goes on, q ends the training."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    child = pexpect.spawn(
        sys.executable, [str(program)], dimensions=(24, 80), timeout=20, encoding="utf-8"
    )
    try:
        child.expect("epoch 2, batch 0 of sequential's training step")
        child.expect("step == 2 or step == 4 holds here: loss 1.4")
        child.expect(r"0/\d+> ")
        child.sendintr()
        child.expect(r"0/\d+> ")
        child.sendline("n 2")
        child.expect(r"2/\d+> ")
        child.sendline("train")
        child.expect("training goes on after epoch 2, batch 0")
        child.expect("epoch 3/9: loss")
        child.expect(r"0/\d+> ")
        child.sendline("q")
        child.expect("epochs 3 steps 3")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 0
