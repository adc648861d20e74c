"""Compiled functions: inputs, state, recompiling, errors; on the numpy backend and on stand-ins."""

from __future__ import annotations

import logging
import os
import signal
import time
import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from tinygraph_numpy.walk import Walk

import tinygraph as tg
from tinygraph.graph import Graph


class Spy:
    """A backend that counts what it compiles, and can be told to fail."""

    name = "spy"
    target = None

    def __init__(self) -> None:
        self.compiled: list[Graph] = []
        self.fail: BaseException | None = None
        self.threads: int | None = None
        self.seen: list[list[int]] = []

    def compile(self, work: Any, threads: int | None, on_progress: Any = None) -> Any:
        self.compiled.append(work)
        self.threads = threads
        return SpyWalk(work, self)


class SpyWalk(Walk):
    def __init__(self, graph: Graph, spy: Spy) -> None:
        super().__init__(graph)
        self.spy = spy

    def run(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        assert all(a.flags.c_contiguous for a in (*inputs, *outputs))
        self.spy.seen.append([a.ctypes.data for a in outputs])
        super().run(inputs, outputs)
        if self.spy.fail is not None:
            raise self.spy.fail


@pytest.fixture
def spy() -> Spy:
    return Spy()


def array(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_as_decorator_with_and_without_arguments() -> None:
    @tg.jit
    def plain(x: tg.Tensor) -> tg.Tensor:
        """Doubles."""
        return x * 2

    @tg.jit(backend="numpy", threads=1)
    def given(x: tg.Tensor) -> tg.Tensor:
        return x * 2

    assert plain.__doc__ == "Doubles."
    assert plain.__name__ == "plain"
    assert given(array(3)).numpy() == pytest.approx(array(3) * 2)
    assert repr(given) == "<jitted given, numpy>"


class Pair(NamedTuple):
    a: Any
    b: Any


def test_containers_go_in_and_come_out(spy: Spy) -> None:
    @tg.jit(backend=spy)
    def fn(pair: Pair, more: dict[str, Any], k: int) -> Any:
        total = pair.a + pair.b[0]
        return {"sum": total, "rest": (Pair(total, None), [total * k, "text", 3])}

    x = array(2)
    out = fn(Pair(x, [tg.tensor(x)]), more={"unused": x}, k=2)
    assert isinstance(out["rest"][0], Pair)
    assert out["rest"][0].b is None
    np.testing.assert_allclose(out["rest"][1][0].numpy(), 4 * x)
    assert out["rest"][1][1:] == ["text", 3]
    np.testing.assert_array_equal(out["sum"].numpy(), out["rest"][0].a.numpy())


def test_inputs_follow_the_rules_for_data(spy: Spy) -> None:
    fn = tg.jit(lambda x: x + 1, backend=spy)
    assert fn(np.array([1, 2])).dtype == "int32"
    with pytest.raises(tg.DtypeError, match="does not fit into int32"):
        fn(np.array([2**40]))
    assert fn(np.arange(6.0, dtype="f").reshape(2, 3).T).numpy().shape == (3, 2)
    assert fn(tg.tensor([1.0]) * 2).numpy().tolist() == [3]


def test_one_program_for_each_signature_and_recompiling_is_announced(
    spy: Spy, caplog: pytest.LogCaptureFixture
) -> None:
    fn = tg.jit(lambda x, k=3, *, flag=False: x * k, backend=spy)
    with caplog.at_level(logging.WARNING, "tinygraph"):
        for _ in range(3):
            fn(array(2))
        assert not caplog.messages
        fn(array(3))
        assert caplog.messages[-1].endswith("x was float32[2], is float32[3]")
        fn(array(3), 2)
        assert caplog.messages[-1].endswith("k was not there, is 2")
        fn(array(3), 2.0)
        assert caplog.messages[-1].endswith("k was 2, is 2.0")
        fn(array(3), 2.0, flag=True)
    assert len(spy.compiled) == 5
    fn(array(2))
    fn(array(3), 2)
    assert len(spy.compiled) == 5


def test_numbers_are_told_apart_exactly(spy: Spy) -> None:
    fn = tg.jit(lambda x, k: x * 0 + k, backend=spy)
    nan = float("nan")
    for k in (1, 1.0, True, 0.0, -0.0, nan, nan, 1):
        fn(array(1), k)
    assert len(spy.compiled) == 6


def test_programs_are_bounded(spy: Spy) -> None:
    fn = tg.jit(lambda x: x + 1, backend=spy, keep=2)
    for n in (1, 2, 1, 3, 1, 2):
        fn(array(n))
    assert len(spy.compiled) == 4  # 2 was put out by 3, as 1 had been used later


def test_what_cannot_be_told_apart_is_refused(spy: Spy) -> None:
    with pytest.raises(tg.TraceError, match="a set has no hash"):
        tg.jit(lambda s: s, backend=spy)({1, 2})


def test_captured_tensors_are_inputs_and_parameters_are_bound(spy: Spy) -> None:
    w, c = tg.parameter([1.0, 2.0], name="w"), tg.tensor([10.0, 20.0])
    derived = c * 2
    fn = tg.jit(lambda x: x * w + c + derived, backend=spy)
    assert fn(tg.ones(2)).numpy().tolist() == [31, 62]
    w.assign([3.0, 4.0])
    assert fn(tg.ones(2)).numpy().tolist() == [33, 64]
    kinds = [node.op.name for node in spy.compiled[0].inputs]
    assert kinds == ["input", "parameter", "leaf", "leaf"]
    assert len(spy.compiled) == 1


def test_a_version_captured_before_stays_that_version(spy: Spy) -> None:
    w = tg.parameter(1.0)
    before = w * 1
    fn = tg.jit(lambda: (before + 0, w + 0), backend=spy)
    w.assign(5.0)
    assert [float(t) for t in fn()] == [1.0, 5.0]


def test_a_training_step_updates_its_parameters() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 3)).astype("f")
    y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32)
    w = tg.parameter(np.zeros((3, 1), np.float32))
    count = tg.parameter(0, trainable=False)

    @tg.jit(backend="numpy")
    def step(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        loss = ((x @ w - y) ** 2).mean()
        w.assign(w - 0.3 * tg.grad(loss, w))
        count.assign(count + 1)
        return loss

    losses = [float(step(x, y)) for _ in range(60)]
    assert losses[-1] < 1e-3 < losses[0]
    assert int(count) == 60
    np.testing.assert_allclose(w.numpy().ravel(), [1, -2, 0.5], atol=0.02)


def test_reading_after_assigning_gives_the_new_value(spy: Spy) -> None:
    w = tg.parameter(1.0)

    @tg.jit(backend=spy)
    def fn() -> tuple[tg.Tensor, ...]:
        first = w * 1
        w.assign(w + 1)
        w.assign(w * 10)
        return first, w * 1, w

    assert [float(t) for t in fn()] == [1, 20, 20]
    assert float(w) == 20


def test_parameters_can_be_swapped_and_share_a_value(spy: Spy) -> None:
    a, b, c = tg.parameter(1.0), tg.parameter(2.0), tg.parameter(3.0)

    @tg.jit(backend=spy)
    def fn() -> tg.Tensor:
        new = a + b
        tg.assign([a, b, c], [b, new, new])
        return new

    assert float(fn()) == 3
    assert [float(p) for p in (a, b, c)] == [2, 3, 3]
    assert float(fn()) == 5
    assert [float(p) for p in (a, b, c)] == [3, 5, 5]
    b.assign(100.0)
    assert float(c) == 5


def test_results_that_are_inputs_or_constants(spy: Spy) -> None:
    x, k = array(2), tg.tensor([7.0])
    fn = tg.jit(lambda x: (x, k, x), backend=spy)
    same, seven, again = fn(x)
    x[:] = 0
    np.testing.assert_array_equal(same.numpy(), array(2))
    np.testing.assert_array_equal(again.numpy(), array(2))
    assert seven.numpy().tolist() == [7]
    assert not spy.compiled  # there is nothing to compute


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("lost")])
def test_an_interrupted_step_changes_nothing(spy: Spy, error: BaseException) -> None:
    w, n = tg.parameter([1.0, 2.0]), tg.parameter(0, trainable=False)

    @tg.jit(backend=spy)
    def step() -> None:
        tg.assign([w, n], [w * 2, n + 1])

    step()
    spy.fail = error
    with pytest.raises(type(error)):
        step()
    assert (w.numpy().tolist(), int(n)) == ([2, 4], 1)
    spy.fail = None
    step()
    assert (w.numpy().tolist(), int(n)) == ([4, 8], 2)


def test_two_buffers_take_turns_but_no_version_in_use_is_written(spy: Spy) -> None:
    w = tg.parameter(np.zeros(1000, np.float32))

    @tg.jit(backend=spy)
    def step() -> None:
        w.assign(w + 1)

    for _ in range(6):
        step()
    assert len({address for (address,) in spy.seen[1:]}) == 2
    graph, snapshot = w * 10, w.numpy()
    view = w.numpy()[5:7]
    for _ in range(4):
        step()
    assert snapshot[0] == 6
    assert view.tolist() == [6, 6]
    assert graph.numpy()[0] == 60
    assert w.numpy()[0] == 10


def test_two_programs_share_one_set_of_weights(spy: Spy) -> None:
    w = tg.parameter(1.0)
    train = tg.jit(lambda: w.assign(w * 2), backend=spy)
    use = tg.jit(lambda x: x * w, backend=spy)
    results = []
    for _ in range(3):
        train()
        results.append(float(use(1.0 * tg.ones(()))))
    assert results == [2, 4, 8]


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x * float(x.max()),
        lambda x: x + x.numpy(),
        lambda x: [x for _ in range(x.astype("int32").sum())],
    ],
)
def test_reading_a_traced_value_is_an_error_that_names_the_line(spy: Spy, read: Any) -> None:
    with pytest.raises(tg.TraceError, match=r"tg\.where instead of if.*\(test_jit\.py:\d+\)"):
        tg.jit(read, backend=spy)(array(3))


def test_reading_a_parameter_while_tracing_is_an_error_too(spy: Spy) -> None:
    rate = tg.parameter(0.1, trainable=False)
    with pytest.raises(tg.TraceError):
        tg.jit(lambda x: x * float(rate), backend=spy)(array(3))


def test_a_traced_tensor_that_escapes_has_no_value(spy: Spy) -> None:
    kept = []
    tg.jit(lambda x: kept.append(x * 2), backend=spy)(array(3))
    assert repr(kept[0]) == "Tensor(traced, float32[3])"
    with pytest.raises(tg.TraceError, match="no value while its function is traced"):
        kept[0].numpy()
    with pytest.raises(tg.TraceError, match="belongs to another traced function"):
        tg.jit(lambda x: x + kept[0], backend=spy)(array(3))


def test_backward_inside_is_redirected(spy: Spy) -> None:
    with pytest.raises(tg.TraceError, match=r"write tg\.grad\(loss"):
        tg.jit(lambda x: x.sum().backward(), backend=spy)(array(3))


def test_a_jitted_function_inside_another_becomes_part_of_it(spy: Spy) -> None:
    inner = tg.jit(lambda x: x * 2, backend=spy)
    outer = tg.jit(lambda x: inner(x) + 1, backend=spy)
    assert outer(tg.ones(1)).numpy().tolist() == [3]
    assert len(spy.compiled) == 1


def test_methods_can_be_jitted(spy: Spy) -> None:
    class Model:
        def __init__(self) -> None:
            self.w = tg.parameter(2.0)

        @tg.jit(backend=spy)
        def __call__(self, x: tg.Tensor) -> tg.Tensor:
            return x * self.w

    one, two = Model(), Model()
    two.w.assign(5.0)
    assert float(one(tg.ones(()))) == 2
    assert float(two(tg.ones(()))) == 5


def test_gradients_of_captured_and_derived_tensors(spy: Spy) -> None:
    a = tg.tensor([1.0, 2.0])
    b = a * 3
    fn = tg.jit(lambda x: tg.grad((x * b).sum(), [x, b]), backend=spy)
    dx, db = fn(tg.tensor([5.0, 7.0]))
    assert dx.numpy().tolist() == [3, 6]
    assert db.numpy().tolist() == [5, 7]


def test_labels_are_checked_at_each_call(spy: Spy) -> None:
    fn = tg.jit(lambda s, y: tg.cross_entropy(s, y), backend=spy)
    fn(array(2, 3), np.array([0, 2]))
    with pytest.raises(tg.DataError, match="labels go from 0 to 2, got -1 to 2"):
        fn(array(2, 3), np.array([-1, 2]))


def test_examples_declare_inputs_for_tools(spy: Spy) -> None:
    fn = tg.jit(lambda x: x * 2, backend="numpy", example=(tg.zeros((2, 3)),))
    assert [str(node.type) for node in fn.graph().inputs] == ["float32[2,3]"]
    assert isinstance(fn.program(), Graph)
    assert "mul" in fn.source("graph")
    assert [node.name for node in fn.graph().inputs] == ["x"]
    assert [str(node.type) for node in fn.graph(array(4)).inputs] == ["float32[4]"]
    with pytest.raises(tg.CompileError, match="no stage 'assembly'"):
        fn.source("assembly")


def test_functions_without_tensors_and_without_results(spy: Spy) -> None:
    assert tg.jit(lambda: None, backend=spy)() is None
    assert tg.jit(lambda: 3, backend=spy)() == 3
    assert tg.jit(lambda: tg.ones(2), backend=spy)().numpy().tolist() == [1, 1]


def test_threads_reach_the_backend(spy: Spy) -> None:
    tg.jit(lambda x: x + 1, backend=spy, threads=2)(array(1))
    assert spy.threads == 2


def test_an_error_while_tracing_leaves_nothing_behind(spy: Spy) -> None:
    w = tg.parameter(1.0)

    @tg.jit(backend=spy)
    def bad(x: tg.Tensor) -> tg.Tensor:
        w.assign(w + 1)
        return x @ x

    with pytest.raises(tg.ShapeError, match="matmul"):
        bad(array(2, 3))
    assert float(w) == 1
    assert float(w + 1) == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_in_the_callback_of_a_weak_reference_is_not_lost() -> None:
    class Thing:
        pass

    def press(_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)  # the handler runs here, and what it raises is dropped

    @tg.jit(backend="numpy")
    def step(x):
        thing = Thing()
        watched = weakref.ref(thing, press)
        del thing
        assert watched() is None
        return x * 2

    with pytest.raises(KeyboardInterrupt):
        step(tg.tensor(1.0))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
