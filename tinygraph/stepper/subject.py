"""What can be stepped: a tensor, a model, a jitted function; each becomes one journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygraph.compile import Jitted
from tinygraph.errors import TinygraphError
from tinygraph.grad import grad
from tinygraph.graph import Node
from tinygraph.journal import Journal, iteration, recorded, shown_backward, upstream_of
from tinygraph.journal.memory import Progress
from tinygraph.journal.run import KEEP
from tinygraph.nn import Model
from tinygraph.nn.structure import leaves, mapped
from tinygraph.nn.symbol import Symbol
from tinygraph.stages.subject import FREE_EXTENT
from tinygraph.stepper.filling import Filled, filled
from tinygraph.stepper.session import Session
from tinygraph.tensor import Tensor, as_tensor, from_array, node_of
from tinygraph.training.batch import Batch, as_batch
from tinygraph.training.training import Training


@dataclass(frozen=True, eq=False)
class Subject:
    """What is stepped, as a journal; what it is called, and what to know of it."""

    journal: Journal
    title: str
    notes: tuple[str, ...] = ()

    def session(self) -> Session:
        """A walk through it, at its start."""
        return Session(self.journal, self.title, self.notes)


def subject_of(
    subject: Any,
    *inputs: Any,
    gradients: Any = None,
    keep: int = KEEP,
    on_progress: Progress | None = None,
) -> Subject:
    """The journal of a tensor, a model or a jitted function, with a title and notes.

    A tensor: forward, then backward with `gradients`, what comes in for each of its elements
    (ones where that is left out). A model: for the inputs given, or for random ones; with inputs
    and targets one training step of what `compile` said. A jitted function: one call with the
    inputs given, or its `example`, with the current values of its parameters; nothing is assigned.
    Any other function likewise, with inputs.

    `keep` are the bytes of numbers that the journal holds. A `TinygraphError` says what else
    would be needed.
    """
    options: dict[str, Any] = {"keep": keep, "on_progress": on_progress}
    if isinstance(subject, Tensor):
        _require_none(inputs, "a tensor")
        return _tensor(subject, gradients, options)
    if isinstance(subject, Jitted):
        _refuse(gradients, "a jitted function")
        return _jitted(subject, inputs, options)
    if isinstance(subject, Model) and len(inputs) > 1:
        _refuse(gradients, "a training step")
        return _training_step(subject, inputs, options)
    if isinstance(subject, Model):
        return _model(subject, inputs, gradients, options)
    if callable(subject) and inputs:
        _refuse(gradients, "a function")
        name = getattr(subject, "__name__", None) or getattr(subject, "name", "the function")
        return step_journal(subject, inputs, name, **options)
    more = " without inputs" if callable(subject) else ""
    raise TinygraphError(
        "what can be stepped is a tensor, a model or a jitted function, and any function with "
        f"inputs for it; got a {type(subject).__name__}{more}"
    )


def step_journal(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    name: str,
    *,
    keep: int = KEEP,
    on_progress: Progress | None = None,
) -> Subject:
    """One call of a function with its parameters' current values. Nothing is assigned."""
    return call_journal(filled(fn, args, name), name, keep=keep, on_progress=on_progress)


def call_journal(
    call: Filled, name: str, *, keep: int = KEEP, on_progress: Progress | None = None
) -> Subject:
    """The same for a call whose numbers are settled already."""
    options: dict[str, Any] = {"keep": keep, "on_progress": on_progress}
    if not call.outputs:
        raise TinygraphError(f"{name} returns no tensor and assigns to no parameter")
    place = shown_backward(call.taken, call.outputs)
    if place is None:
        return Subject(*_forward_only(call, name, options))
    journal = iteration(call.results, call.taken[place], call.updates, **options)
    return Subject(journal, f"one call of {name}", _others(call, place, journal))


def _forward_only(
    call: Filled, name: str, options: dict[str, Any]
) -> tuple[Journal, str, tuple[str, ...]]:
    """A function that takes no gradients: backward from its result, if that is one of floats."""
    upstream, notes = None, (f"{name} takes no gradients, so there is no backward pass",)
    if len(call.results) == 1 and call.results[0].dtype.is_float:
        upstream, notes = _upstream(call.results[0], None)
    journal = recorded(call.outputs, upstream, **options)
    journal.updates = call.updates
    return journal, f"one call of {name}", notes


def _others(call: Filled, place: int, journal: Journal) -> tuple[str, ...]:
    """What to say of the gradients that are not shown as the backward pass."""
    if len(call.taken) < 2:
        return ()
    shown = journal.names[call.taken[place].y]
    others = len(call.taken) - 1
    calls = "another call" if others == 1 else f"{others} other calls"
    return (
        f"the backward steps are those of tg.grad of {shown}; "
        f"the gates of {calls} of tg.grad are shown as gates like others",
    )


def _tensor(y: Tensor, gradients: Any, options: dict[str, Any]) -> Subject:
    node = y.node
    upstream, notes = _upstream(node, gradients)
    title = node.name or node.op.name
    return Subject(recorded([node], upstream, **options), title, notes)


def _upstream(y: Node, gradients: Any) -> tuple[Node | None, tuple[str, ...]]:
    """What comes in from above, and what to say of it."""
    if gradients is False:
        return None, ()
    if gradients is not None and gradients is not True:
        return upstream_of(y, gradients), ()
    if not y.dtype.is_float:
        return None, (f"the output is {y.type}, which has no gradient: forward only",)
    if y.type.size == 1:
        return upstream_of(y, True), ()
    ones = node_of(np.ones(y.shape, y.dtype.numpy))
    return ones, (f"the output is {y.type}: a gradient of 1 comes in for each of its elements",)


def _jitted(fn: Jitted, inputs: tuple[Any, ...], options: dict[str, Any]) -> Subject:
    name = getattr(fn, "__name__", "the function")
    if not inputs and fn.example is None:
        raise TinygraphError(
            f"{name} has to be declared with example=, such as @tg.jit(example=(x, y)), or be "
            f"stepped with its inputs, as in tg.step({name}, x, y)"
        )
    return step_journal(fn.fn, inputs or fn.example or (), name, **options)


def _model(model: Model, inputs: tuple[Any, ...], gradients: Any, options: Any) -> Subject:
    notes: list[str] = []
    if inputs:
        given = mapped(inputs[0], lambda array: as_tensor(_input(array, model)))
    elif model.inputs is None:
        raise TinygraphError(
            f"model {model.name} does not say what its inputs are: step it with some, as in "
            "tg.step(model, x)"
        )
    else:
        given = example_inputs(model)
        notes.append("the inputs are random numbers of a normal distribution, the same each time")
    nodes = [x.node for x in leaves(model(given)) if isinstance(x, Tensor)]
    upstream, more = _upstream(nodes[0], gradients)
    if gradients is None and more:
        more = (*more, "tg.step(model, x, target) steps a training step, from its loss")
    if len(nodes) > 1 and upstream is not None:
        notes.append(f"of {len(nodes)} outputs the gradients are of the first")
    journal = recorded(nodes, upstream, **options)
    return Subject(journal, f"model {model.name}", (*notes, *more))


def _input(array: Any, model: Model) -> Any:
    """An array as the model wants it: floats in its own dtype."""
    if isinstance(array, Tensor):
        return array
    array = np.asarray(array)
    return array.astype(model.dtype.numpy) if array.dtype.kind == "f" else array


def example_inputs(model: Model, seed: int = 0) -> Any:
    """Random inputs for a model, nested as its own: normal, whole numbers 0 and 1, or truth."""
    rng = np.random.default_rng(seed)

    def example(leaf: Any) -> Any:
        if not isinstance(leaf, Symbol):
            return leaf
        free = [1, *[FREE_EXTENT] * len(leaf.shape)]
        shape = [free[k] if n is None else n for k, n in enumerate(leaf.shape)]
        if leaf.dtype.is_float:
            array = rng.standard_normal(shape)
        else:
            array = rng.integers(0, 2, shape)
        return from_array(array.astype(leaf.dtype.numpy), leaf.name or "x")

    return mapped(model.inputs, example)


def _training_step(model: Model, inputs: Sequence[Any], options: dict[str, Any]) -> Subject:
    if len(inputs) > 3:
        raise TinygraphError(f"a batch is (x, y) or (x, y, sample_weight), got {len(inputs)} parts")
    training = model._compiled("a training step")
    batch = as_batch(*inputs, *[None] * (3 - len(inputs)))
    fn, args = training_call(training, batch)
    found = step_journal(fn, args, f"{model.name}'s training step", **options)
    return Subject(found.journal, f"one training step of model {model.name}", found.notes)


def training_call(training: Training, batch: Batch) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function of one training step, and its arguments for a batch.

    Without an optimizer it takes the gradients and leaves the parameters as they are.
    """
    trains = training.optimizer is not None
    training.prepare(batch.x, trains=trains)
    x, targets, weights = training.arguments(batch)
    run = training.train_step if trains else partial(_gradients_only, training)
    if len(targets) != 1:
        return run, (x, targets, weights)

    def alone(x: Any, y: Any, weight: Any = None) -> Any:  # so that the target is called y
        return run(x, [y], [weight])

    return alone, (x, *targets, *weights)


def _gradients_only(training: Training, x: Any, y: Any, w: Any) -> Any:
    measured = training.test_step(x, y, w)
    return measured, grad(measured.losses[0], training.model.parameters)


def _require_none(inputs: tuple[Any, ...], what: str) -> None:
    if inputs:
        raise TinygraphError(f"{what} has its inputs already: step it alone, as in tg.step(y)")


def _refuse(gradients: Any, what: str) -> None:
    if gradients is not None:
        raise TinygraphError(
            f"gradients= says what comes in from above for a tensor or a model; {what} takes its "
            "own gradients"
        )
