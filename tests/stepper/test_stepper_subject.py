"""What can be stepped: the journal of a training step has the numbers of the step itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.graph import topological
from tinygraph.journal import Backward, Forward, Journal, Start
from tinygraph.journal.again import again
from tinygraph.nn import BatchNormalization, Dense, Dropout, Input, Model, Sequential
from tinygraph.stepper.circuit.level_diagram import scene_of
from tinygraph.stepper.circuit.text import circuit_lines
from tinygraph.stepper.session import Session
from tinygraph.stepper.subject import subject_of

X = np.random.default_rng(1).standard_normal((6, 3)).astype(np.float32)
Y = np.array([0, 1, 1, 0, 1, 0], np.int32)


def journal_of(*subject: Any, **options: Any) -> Journal:
    return subject_of(*subject, **options).journal


def mlp_step(optimizer: Any = "adam", example: Any = (X, Y)) -> tuple[Any, list[Any], Any]:
    """A jitted training step of a small net, its parameters, and a function that gives its loss."""
    rng = np.random.default_rng(2)
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in ((3, 4), (4,), (4, 2))]
    parameters = [tg.parameter(a, name=n) for a, n in zip(arrays, ("w1", "b1", "w2"))]
    w1, b1, w2 = parameters
    opt = tg.optimizers.get(optimizer)
    opt.build(parameters)

    def loss_of(x: Any, y: Any) -> Any:
        return tg.cross_entropy(tg.tanh(x @ w1 + b1) @ w2, y)

    @tg.jit(backend="numpy", example=example)
    def step(x: Any, y: Any) -> Any:
        loss = loss_of(x, y)
        opt.apply(tg.grad(loss, parameters))
        return loss

    return step, [*parameters, *opt.named_state().values()], loss_of


def kinds(journal: Journal) -> str:
    """F, S and B for the records, each run of equal ones once."""
    letters = {Forward: "F", Start: "S", Backward: "B"}
    runs = [letters[type(record)] for record in journal]
    return "".join(a for a, b in zip(runs, [*runs[1:], ""]) if a != b)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "adagrad", "adadelta", "ftrl"])
def test_a_training_step_has_the_numbers_of_the_real_one(optimizer: str) -> None:
    step, state, loss_of = mlp_step(optimizer)
    for _ in range(2):  # from the first state, and from one that a step has made
        journal = journal_of(step)
        loss = loss_of(tg.tensor(X), tg.tensor(Y))
        wanted = [p for p in state if p.name in ("w1", "b1", "w2")]
        gradients = tg.evaluate(*tg.grad(loss, wanted))
        for parameter, gradient in zip(wanted, gradients):
            assert np.array_equal(journal.gradient(parameter), gradient)
        updates = {parameter: value for value, parameter in journal.updates.items()}
        expected = {p: journal.value(updates[p.node]) for p in state if p.node in updates}
        assert len(expected) >= 4  # three weights and the counter
        before = [p.numpy().copy() for p in state]
        assert journal.value(journal.outputs[0]) == step(X, Y).numpy()
        for p, old in zip(state, before):
            assert np.array_equal(p.numpy(), expected.get(p, old))


def test_looking_assigns_nothing() -> None:
    step, state, _ = mlp_step()
    before = [p.numpy().copy() for p in state]
    journal_of(step)
    assert all(np.array_equal(p.numpy(), old) for p, old in zip(state, before))


def test_first_the_loss_then_its_gradients_then_the_update() -> None:
    step, _, _ = mlp_step()
    journal = journal_of(step)
    assert kinds(journal) == "FSBF"
    start = next(r for r in journal if isinstance(r, Start))
    assert start.gate is journal.outputs[0]
    update = journal.records[[*map(type, journal)].index(Start) :]
    after = [r for r in update if isinstance(r, Forward)]
    assert {r.gate for r in after} >= {node for node in journal.updates if node.inputs}
    before = journal.records[: start.number]
    assert not any(r.gate.origin.backward for r in before if r.gate.origin)
    assert not any(r.gate.origin.scope[:1] == ("adam",) for r in before if r.gate.origin)
    scopes = {r.gate.origin.scope[:1] for r in after[1:] if r.gate.origin}
    assert journal.names[after[0].gate] == "iterations_new"
    assert scopes == {("adam",)}


def test_a_gradient_is_known_when_it_has_been_sent() -> None:
    step, _, _ = mlp_step()
    journal = journal_of(step)
    read = {x for r in journal if isinstance(r, Forward) for x in r.gate.inputs}
    gradients = [node for node in read if journal.names[node].startswith("grad(")]
    assert {journal.names[node] for node in gradients} == {"grad(w1)", "grad(b1)", "grad(w2)"}
    for node in gradients:
        number = journal.position[node]
        record = journal[number]
        assert isinstance(record, Backward)
        assert record.total.node is node
        assert node not in journal.until(number).values
        assert np.array_equal(journal.until(number + 1).values[node].array, record.total.array)
    for record in journal:  # nothing is read before it is known
        if isinstance(record, Forward):
            known = journal.until(record.number).values
            assert all(x in known or not topological([x])[:-1] for x in record.gate.inputs)


def test_new_values_say_which_parameter_gets_them() -> None:
    step, _, _ = mlp_step("sgd")
    lines = str(journal_of(step)).splitlines()
    assert [line.split()[1:4] for line in lines if ":=" in line] == [
        [name, ":=", f"{name}_new"] for name in ("iterations", "w1", "b1", "w2")
    ]


def test_inputs_stand_for_the_example() -> None:
    step, _, loss_of = mlp_step(example=None)
    with pytest.raises(tg.TinygraphError, match=r"example=.*tg\.step\(step, x, y\)"):
        journal_of(step)
    x, y = X[:2] * 3, Y[:2]
    journal = journal_of(step, x, y)
    given = x.copy()
    x[:] = 0  # what was given is not looked at again
    (node,) = [node for node, name in journal.names.items() if name == "x"]
    assert np.array_equal(journal.value(node), given)
    assert journal.value(journal.outputs[0]) == loss_of(tg.tensor(X[:2] * 3), tg.tensor(y)).numpy()


def test_labels_out_of_range_are_an_error() -> None:
    step, _, _ = mlp_step()
    with pytest.raises(tg.DataError, match="0 to 1"):
        journal_of(step, X, Y + 5)


def test_second_order() -> None:
    w = tg.parameter([1.0, -2.0, 0.5], name="w")

    @tg.jit(backend="numpy", example=(X,))
    def step(x: Any) -> Any:
        y = tg.tanh(x @ w).sum()
        penalty = tg.square(tg.grad(y, w)).sum()
        w.assign(w - 0.1 * tg.grad(penalty, w))
        return penalty

    found = subject_of(step)
    journal = found.journal
    assert kinds(journal) == "FSBF"
    assert "penalty" not in found.title
    assert "another call of tg.grad" in found.notes[0]
    forward = [r for r in journal if isinstance(r, Forward)]
    assert any(r.gate.origin.backward for r in forward if r.gate.origin)  # the inner gradient
    (new,) = journal.updates
    expected = journal.value(new)
    gradient = journal.gradient(w)
    inner = tg.square(tg.grad(tg.tanh(tg.tensor(X) @ w).sum(), w)).sum()
    assert np.array_equal(gradient, tg.grad(inner, w).numpy())
    assert journal.value(journal.outputs[0]) == step(X).numpy()
    assert np.array_equal(w.numpy(), expected)


def test_gradients_that_are_differentiated_again_are_no_backward_pass() -> None:
    """Also if they are sent over more wires than those of the second order."""
    w, v = tg.parameter([1.0, -2.0, 0.5], name="w"), tg.parameter(3.0, name="v")

    @tg.jit(backend="numpy", example=(X,))
    def step(x: Any) -> Any:
        y = (tg.tanh(tg.tanh(tg.tanh(x @ w))) * v * v).sum()
        dw, dv = tg.grad(y, [w, v])
        return dw, tg.grad(tg.square(dv), v)

    journal = journal_of(step)
    assert np.array_equal(journal.gradient(v), step(X)[1].numpy())
    assert not any(journal.names[node] == "w" for node in journal.gradients)


def test_two_losses_in_one_function() -> None:
    g = tg.parameter([[0.5, 1.0], [0.25, -1.0]], name="g")
    d = tg.parameter([[1.0], [2.0]], name="d")
    both = tg.optimizers.SGD(0.1, parameters=[g]), tg.optimizers.SGD(0.1, parameters=[d])

    @tg.jit(backend="numpy", example=(X[:, :2], X[:, 1:]))
    def step(noise: Any, real: Any) -> Any:
        fake = noise @ g
        d_loss = tg.softplus(fake @ d).mean() + tg.softplus(-(real @ d)).mean()
        g_loss = tg.softplus(-(fake @ d)).mean()
        both[1].apply(tg.grad(d_loss, [d]))
        both[0].apply(tg.grad(g_loss, [g]))
        return d_loss, g_loss

    found = subject_of(step)
    assert kinds(found.journal) == "FSBF"
    assert len(found.notes) == 1
    values = {found.journal.names[p]: found.journal.value(v).copy() for v, p in _updates(found)}
    losses = [found.journal.value(node) for node in found.journal.outputs[:2]]
    assert sorted(map(float, losses)) == sorted(map(float, step(X[:, :2], X[:, 1:])))
    assert np.array_equal(g.numpy(), values["g"])
    assert np.array_equal(d.numpy(), values["d"])


def _updates(found: Any) -> list[Any]:
    return [*found.journal.updates.items()]


def test_a_function_without_gradients_goes_backward_from_its_scalar() -> None:
    w = tg.parameter([1.0, 2.0, 3.0], name="w")
    loss = tg.jit(lambda x: tg.square(x @ w).sum(), backend="numpy", example=(X,))
    journal = journal_of(loss)
    assert kinds(journal) == "FSB"
    assert np.array_equal(
        journal.gradient(w), tg.grad(tg.square(tg.tensor(X) @ w).sum(), w).numpy()
    )


def test_a_function_that_only_assigns() -> None:
    count = tg.parameter(3.0, name="count")
    bump = tg.jit(lambda: count.assign(count + 1.0), backend="numpy", example=())
    found = subject_of(bump)
    assert kinds(found.journal) == "F"
    assert "no gradients" in found.notes[0]
    assert found.journal.value(found.journal.outputs[0]) == 4.0
    with pytest.raises(tg.TinygraphError, match="no tensor"):
        subject_of(tg.jit(lambda: None, backend="numpy", example=()))


def test_a_parameter_that_is_only_written() -> None:
    """In a step with gradients, and in one without."""
    w, last = tg.parameter([1.0, 2.0, 3.0], name="w"), tg.parameter(0.0, name="last")

    @tg.jit(backend="numpy", example=(X,))
    def step(x: Any) -> Any:
        loss = tg.square(x @ w).mean()
        last.assign(loss)
        w.assign(w - 0.1 * tg.grad(loss, w))

    journal = journal_of(step)
    assert "last := last_new = " in str(journal)
    assert journal.value(last) == 0.0
    only = tg.jit(lambda x: last.assign(x.sum()), backend="numpy", example=(X,))
    assert "last := sum_1 = " in str(journal_of(only))
    assert again(journal, {}).names == journal.names


def test_functions_methods_and_layers() -> None:
    class Counting:
        def __init__(self) -> None:
            self.w = tg.parameter([1.0, 2.0, 3.0], name="w")

        @tg.jit(backend="numpy")
        def step(self, x: Any) -> Any:
            loss = tg.square(x @ self.w).mean()
            self.w.assign(self.w - tg.grad(loss, self.w))
            return loss

    counting = Counting()
    journal = journal_of(counting.step, X)
    assert kinds(journal) == "FSBF"
    assert journal.value(journal.outputs[0]) == counting.step(X).numpy()
    found = subject_of(lambda x, power: (x**power).sum(), X, 3)
    assert found.journal.value(found.journal.outputs[0]) == (tg.tensor(X) ** 3).sum().numpy()
    layer = subject_of(Dense(2, name="last"), X)
    assert layer.title == "one call of last"
    assert layer.journal.outputs[0].shape == (6, 2)
    with pytest.raises(tg.TinygraphError, match="got a function without inputs"):
        subject_of(lambda: 3)


def test_tensors() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    assert kinds(journal_of(tg.square(x).sum())) == "FSB"
    several = subject_of(x * x)
    assert np.array_equal(several.journal.gradient(x), [2.0, 4.0])
    assert "float32[2]: a gradient of 1" in several.notes[0]
    given = subject_of(x * x, gradients=np.array([1.0, 10.0], np.float32))
    assert np.array_equal(given.journal.gradient(x), [2.0, 40.0])
    assert not given.notes
    whole = subject_of(tg.tensor([1, 2]) * 2)
    assert kinds(whole.journal) == "F"
    assert "forward only" in whole.notes[0]
    assert kinds(journal_of(x * x, gradients=False)) == "F"
    with pytest.raises(tg.TinygraphError, match="has its inputs already"):
        subject_of(x, x)
    with pytest.raises(tg.TinygraphError, match="any function with inputs for it; got a str"):
        subject_of("x")


def net(**options: Any) -> Model:
    model = Sequential(
        [Input((3,)), Dense(5), BatchNormalization(), Dropout(0.5), Dense(2, activation="softmax")]
    )
    said: dict[str, Any] = {"loss": "sparse_categorical_crossentropy", "backend": "numpy"}
    model.compile(**{"optimizer": "adam", "metrics": ["accuracy"], **said, **options})
    return model


def test_a_model_on_random_inputs() -> None:
    model = net()
    found = subject_of(model)
    assert "random numbers" in found.notes[0]
    assert "float32[1,2]" in found.notes[1]
    again = subject_of(model)
    assert str(found.journal) == str(again.journal)
    (given,) = [n for n in found.journal.order if n.name and found.journal.names[n] == "x"]
    x = found.journal.value(given)
    value = found.journal.value(found.journal.outputs[0])
    assert np.array_equal(value, model.predict(x, verbose=0))


def test_a_model_on_inputs_of_ones_own() -> None:
    model = net()
    found = subject_of(model, X.astype(np.float64))
    value = found.journal.value(found.journal.outputs[0])
    assert np.array_equal(value, model.predict(X, verbose=0))
    assert len(found.notes) == 2
    assert "a training step" in found.notes[1]


def test_a_models_training_step() -> None:
    """With dropout, statistics and metrics; stepped before, it has the numbers of the real one."""
    model = net()
    model.fit(X, Y, batch_size=6, epochs=1, verbose=0)
    found = subject_of(model, X, Y)
    assert kinds(found.journal) == "FSBF"
    named = {found.journal.names[p]: found.journal.value(v) for v, p in _updates(found)}
    values = {name: value.copy() for name, value in named.items()}
    assert float(found.journal.value(found.journal.outputs[0])) == model.train_on_batch(X, Y)[0]
    state = model.named_parameters()
    assert {n for n in state if n in values} >= {"dense/kernel", "batch_normalization/moving_mean"}
    for name, parameter in state.items():
        if name in values:
            assert np.array_equal(parameter.numpy(), values[name]), name


def test_what_a_model_is_given_has_names() -> None:
    model, weight = net(), np.linspace(0.5, 1, 6, dtype=np.float32)
    names = {*journal_of(model, X, Y, weight).names.values()}
    assert {"x", "y", "weight"} <= names
    x = tg.nn.Input((3,), name="x")
    both = Model(x, [Dense(1)(x), Dense(2)(x)])
    both.compile("sgd", "mse", backend="numpy")
    y = [X[:, :1], X[:, :2]]
    names = {*journal_of(both, X, y).names.values()}
    assert {"x", "y[0]", "y[1]"} <= names
    loss = journal_of(both, X, y)
    assert loss.value(loss.outputs[0]) == np.float32(both.train_on_batch(X, y)[0])


def test_a_model_without_optimizer_has_gradients_all_the_same() -> None:
    model = net(optimizer=None)
    journal = journal_of(model, X, Y)
    assert kinds(journal) == "FSB"
    assert not journal.updates
    assert journal.gradient(model.parameters[0]).shape == (3, 5)
    with pytest.raises(tg.TinygraphError, match="compile"):
        journal_of(Sequential([Input((3,)), Dense(2)]), X, Y)


@given(st.lists(st.sampled_from(["tanh", "relu", "square", "self"]), min_size=1, max_size=6))
def test_random_training_steps(functions: list[str]) -> None:
    """The contributions to each gradient add up to what the function itself took."""
    w = tg.parameter(np.eye(3, dtype=np.float32) * 0.5, name="w")

    @tg.jit(backend="numpy", example=(X,))
    def step(x: Any) -> Any:
        for name in functions:
            x = (x @ w) * x if name == "self" else getattr(tg, name)(x @ w)
        loss = x.mean()
        gradient = tg.grad(loss, w)
        w.assign(w - 0.5 * gradient)
        return loss, gradient

    journal = journal_of(step)
    sums: dict[Any, np.ndarray] = {}
    for record in journal:
        if isinstance(record, Backward):
            part = record.contribution.array
            before = sums.get(record.wire.source)
            sums[record.wire.source] = part if before is None else before + part
    updates = [journal.value(value) for value in journal.updates]
    loss, gradient = step(X)
    assert np.array_equal(sums[journal_w(journal)], gradient.numpy())
    assert journal.value(journal.outputs[0]) == loss.numpy()
    assert np.array_equal(updates[0], w.numpy())


def journal_w(journal: Journal) -> Any:
    return next(node for node, name in journal.names.items() if name == "w")


def test_the_same_step_with_other_numbers() -> None:
    step, state, _ = mlp_step("sgd")
    journal = journal_of(step)
    same = again(journal, {})
    assert str(same) == str(journal)
    assert same.updates == journal.updates
    assert same.position == journal.position
    w1 = state[[p.name for p in state].index("w1")]
    other = again(journal, {w1.node: w1.numpy() * 2})
    w1.assign(w1 * 2.0)
    assert str(other) == str(journal_of(step))


def test_a_gradient_is_seen_where_the_update_reads_it() -> None:
    step, _, _ = mlp_step("sgd")
    session = Session(journal_of(step))
    session.end()
    shown = "\n".join(line.plain for line in circuit_lines(scene_of(session), 100, 24))
    assert "grad(w2)" in shown
