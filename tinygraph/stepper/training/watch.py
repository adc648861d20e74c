"""`tg.watch`: training that stops in the stepper at the first step where a condition holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygraph.compile import Jitted
from tinygraph.errors import NumericError, TinygraphError
from tinygraph.graph import Node
from tinygraph.journal import Journal
from tinygraph.nn import Model
from tinygraph.nn.structure import leaves
from tinygraph.stepper.filling import filled
from tinygraph.stepper.grammar import Condition
from tinygraph.stepper.subject import step_journal, training_call
from tinygraph.stepper.training.stopped import Stopped, talked
from tinygraph.stepper.training.watch_scope import StepScope
from tinygraph.tensor import Parameter, Tensor, arrays_of, bind
from tinygraph.training.watching import Iteration, Numbers

if TYPE_CHECKING:
    from tinygraph.stepper.notebook import Stepping

Call = tuple[Callable[..., Any], tuple[Any, ...], str]
"""A function, what it is called with, and its name."""

OnStop = Callable[[Stopped], Any]


class Watch(ABC):
    """A condition that each step of training is asked for; see `tg.watch`.

    `stopped` is where it held last, else None.
    """

    def __init__(self, until: str, on_stop: OnStop | None, save: str | Path | None) -> None:
        self.condition = Condition(until)
        self.save = save
        self.stopped: Stopped | None = None
        self._on_stop = on_stop
        self._held: tuple[list[Parameter], list[np.ndarray]] = ([], [])

    @abstractmethod
    def stop(self) -> None:
        """Watches no longer."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<watch until {self.condition}>"

    def _hold(self, parameters: Sequence[Parameter]) -> None:
        """Keeps the arrays of now: a step writes others, so this copies nothing."""
        self._held = [*parameters], arrays_of(parameters)

    def _goes_on(
        self,
        numbers: dict[str, float],
        named: Mapping[str, Parameter],
        call: Callable[[], Call],
        where: str,
        failure: str = "",
    ) -> bool:
        """Asks the condition, after the step; False where the training ends here.

        A `failure` would end it otherwise: that is a step to look at, too.
        """
        state, before = self._held
        after = arrays_of(state)
        self._held = ([], [])

        def make() -> tuple[Journal, dict[str, Node]]:
            with _bound(state, before, after):
                journal = step_journal(*call()).journal
                return journal, {name: p.node for name, p in named.items()}

        held = self.condition.holds(StepScope(self.condition, numbers, named, make))
        if not held and not failure:
            return True
        bind(state, before)
        called = call()
        self.stopped = Stopped(
            self.condition.text, where, numbers, called[2], filled(*called), "" if held else failure
        )
        if self._look(self.stopped):
            bind(state, after)
            return True
        return False

    def _look(self, stopped: Stopped) -> bool:
        """Shows the step to whoever is there; True where the training is to go on."""
        if self.save is not None:
            from tinygraph.journal.saved import save_journal

            save_journal(stopped.journal, self.save, what=str(stopped))
        if self._on_stop is not None:
            return bool(self._on_stop(stopped))
        from tinygraph.stepper.notebook import in_notebook
        from tinygraph.stepper.prompt.repl import is_terminal

        if is_terminal():
            return talked(stopped)
        saved = f"; its journal is in {self.save}" if self.save is not None else ""
        after = f"; the model is as it was before this step{saved}"
        if in_notebook():
            print(f"{stopped}{after}; watch.stepping() steps through it")
            return False
        raise NumericError(f"{stopped}{after}")

    def stepping(self) -> Stepping:
        """The step at which it stopped, for a notebook to walk through."""
        from tinygraph.stepper.notebook import Stepping

        if self.stopped is None:
            raise TinygraphError(f"{self.condition} has not held at any step so far")
        return Stepping(self.stopped.subject)


class ModelWatch(Watch):
    """Watches the training of a model: `fit` and `train_on_batch`."""

    def __init__(
        self, model: Model, until: str, on_stop: OnStop | None, save: str | Path | None
    ) -> None:
        super().__init__(until, on_stop, save)
        self.model = model
        model.watchers = (*model.watchers, self)

    def stop(self) -> None:
        """Watches no longer."""
        self.model.watchers = tuple(w for w in self.model.watchers if w is not self)

    def before(self, iteration: Iteration) -> None:
        """Keeps what the step will read."""
        self._hold(iteration.training.read_by_step(iteration.batch))

    def after(self, iteration: Iteration, numbers: Numbers) -> bool:
        """Whether training goes on: the condition does not hold, or somebody said so."""
        optimizer = iteration.training.optimizer
        assert optimizer is not None
        known = iteration.logs(numbers)
        known["step"] = int(arrays_of([optimizer.iterations])[0])
        if iteration.epoch is not None and iteration.number is not None:
            known |= {"epoch": iteration.epoch + 1, "batch": iteration.number}
        named = self.model.named_parameters()
        name = f"{self.model.name}'s training step"

        def call() -> Call:
            return (*training_call(iteration.training, iteration.batch), name)

        failed = iteration.strict and not np.isfinite(numbers[0][0])
        failure = "training fails, as the loss is no number" if failed else ""
        return self._goes_on(known, named, call, str(iteration), failure)


class FunctionWatch(Watch):
    """Watches a jitted training step: call this instead of it."""

    def __init__(
        self, fn: Jitted, until: str, on_stop: OnStop | None, save: str | Path | None
    ) -> None:
        super().__init__(until, on_stop, save)
        self.fn = fn
        self.steps = 0
        self.watches = True

    def stop(self) -> None:
        """Watches no longer: a call is a call of the function."""
        self.watches = False

    def __call__(self, *args: Any) -> Any:
        """One call of the function; what it returns, also where the condition holds."""
        if not self.watches:
            return self.fn(*args)
        traced = self.fn.compiled(*args).traced
        state = [*dict.fromkeys([*traced.parameters, *traced.updated])]
        self._hold(state)
        result = self.fn(*args)
        self.steps += 1
        name = getattr(self.fn, "__name__", "the function")
        named = {p.name or f"parameter_{k}": p for k, p in enumerate(state)}
        known = {**_numbers_of(result), "step": self.steps}
        self._goes_on(known, named, lambda: (self.fn.fn, args, name), f"call {self.steps}")
        return result


def watch(
    subject: Any,
    until: str,
    *,
    on_stop: OnStop | None = None,
    save: str | Path | None = None,
) -> Any:
    """Stops training in the stepper at the first step where the condition `until` holds.

    `subject` is a model: its `fit` and `train_on_batch` are watched, until `stop()` or the end of
    a `with`. Or it is a jitted function: then call what this returns instead of it, and look at
    `stopped` after a call. The condition may name the loss and metrics of the batch, `step`,
    `epoch`, `batch`, and parameters, which have the values after the step; a `grad(...)` or the
    name of a gate makes each step's journal, which takes many times as long as the step:

        with tg.watch(model, until="isnan(loss) or max(abs(dense/kernel)) > 100"):
            model.fit(x, y)

    Where `fit` would fail because the loss is infinite or NaN, it stops as well, whatever the
    condition: the first such loss of a training that diverges is usually infinite.

    What is stepped is that very step: the parameters as they were before it, the batch, the
    counters of dropout. `q` ends the training: `fit` returns, and the model is as it was before
    the step. `train` takes the step and goes on. Where there is no terminal the training ends with
    a `NumericError`, in a notebook with a line that says how to step. `save` is a file for the
    journal. `on_stop` is called instead with the `Stopped` step; what it returns says whether the
    training goes on.
    """
    if isinstance(subject, Model):
        return ModelWatch(subject, until, on_stop, save)
    if isinstance(subject, Jitted):
        return FunctionWatch(subject, until, on_stop, save)
    raise TinygraphError(
        f"watch takes a model or a jitted function, got a {type(subject).__name__}"
    )


def _numbers_of(result: Any) -> dict[str, float]:
    """The scalars that a function returned, by name where they have one; the first is the loss."""
    scalars = [x for x in leaves(result) if isinstance(x, Tensor) and not x.shape]
    known = {"loss": scalars[0].item()} if scalars else {}
    fields = result._asdict() if hasattr(result, "_asdict") else result
    if isinstance(fields, Mapping):
        known |= {
            str(k): x.item() for k, x in fields.items() if isinstance(x, Tensor) and not x.shape
        }
    return known


@contextmanager
def _bound(
    parameters: Sequence[Parameter], before: Sequence[np.ndarray], after: Sequence[np.ndarray]
) -> Iterator[None]:
    """Inside, the parameters are as they were before."""
    bind(parameters, before)
    try:
        yield
    finally:
        bind(parameters, after)
