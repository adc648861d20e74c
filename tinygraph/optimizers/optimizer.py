"""Optimizer: from gradients to new values of parameters.

One of one's own says in `update` how a parameter moves:

    class SignSGD(tg.optimizers.Optimizer):
        def update(self, x, g, slots, rate):
            return x - rate * tg.where(g > 0, 1.0, -1.0), {}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygraph.errors import DtypeError, ShapeError, TinygraphError
from tinygraph.graph import origin_here, place_of, scope
from tinygraph.optimizers.arguments import (
    above_0,
    at_least_0,
    default_rate,
    given_rate,
    refuse_unknown,
    sound_rate,
    takes_rate,
)
from tinygraph.optimizers.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from tinygraph.saving.remembered import Remembered
from tinygraph.tensor import Parameter, Tensor, arrays_of, as_tensor, assign
from tinygraph.types import DType, float32, float64, int32


class Optimizer(Remembered):
    """Moves parameters against their gradients.

    Everything that changes is a parameter, so that a jitted step keeps it and a file can hold it:
    the learning rate, `iterations` (the steps done) and the slots of each trained parameter.

    `learning_rate` is a number, or a function of `iterations` such as those in
    `tg.optimizers.schedules`; `lr` is its older name. At most one of the clips is given: `clipnorm`
    (the norm of each gradient), `clipvalue` (of each element), `global_clipnorm` (the norm of all
    together). `weight_decay` is decoupled: besides its step each parameter loses
    rate * weight_decay of itself.
    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), in Keras's form.
    """

    left_out = ("parameters",)
    slots: tuple[str, ...] = ()
    """What is kept for each trained parameter, of its shape."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        parameters: Sequence[Parameter] | None = None,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        lr: Any = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        kind = type(self).__name__
        refuse_unknown(kind, unknown)
        at_least_0(kind, weight_decay=weight_decay or 0.0)
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = {key: value for key, value in clips.items() if value is not None}
        above_0(kind, **given)
        if len(given) > 1:
            both = " and ".join(f"{key}={value}" for key, value in given.items())
            raise TinygraphError(f"{kind} clips in one way, got {both}{_here()}")
        self.name = name or kind.lower()
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.parameters: list[Parameter] = []
        """What is trained."""
        self.iterations = _scalar(0, int32, "iterations")
        rate = given_rate(type(self), learning_rate, lr)
        self._schedule: Callable[[Any], Any] | None = rate if callable(rate) else None
        first = 0.0 if callable(rate) else float(rate)
        self._rate = _scalar(first, float64, "learning_rate")  # until it is built
        self._slots: list[dict[str, Parameter]] = []
        self._undecayed: tuple[set[int], tuple[str, ...]] = (set(), ())
        if parameters is not None:
            self.build(parameters)

    # The learning rate

    @property
    def learning_rate(self) -> Any:
        """The rate of the next step: a parameter, which can be assigned to, or what the schedule
        says for `iterations`.
        """
        if self._schedule is None:
            return self._rate
        rate = as_tensor(self._schedule(self.iterations))
        if rate.shape or not rate.dtype.is_float:
            raise ShapeError(f"a schedule gives a float scalar, got {rate.type}{_here()}")
        return rate if rate.dtype is self._rate.dtype else rate.astype(self._rate.dtype)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if self._schedule is not None:
            raise TinygraphError(
                f"{self.name} has a schedule as its learning rate, so none can be assigned; "
                f"make the optimizer with a number{_here()}"
            )
        if isinstance(value, Tensor):
            self._rate.assign(value.astype(self._rate.dtype))
            return
        if callable(value):
            raise TinygraphError(
                f"a schedule belongs into the constructor: {type(self).__name__}"
                f"(learning_rate=...){_here()}"
            )
        self._rate.assign(sound_rate(type(self).__name__, value))

    # What is trained

    def build(self, parameters: Sequence[Parameter]) -> None:
        """Settles what is trained, and makes the slots. Once; the same again changes nothing."""
        if self.parameters:
            if [*map(id, parameters)] == [*map(id, self.parameters)]:
                return
            raise TinygraphError("this optimizer trains other parameters already; make a new one")
        if not parameters or not all(isinstance(p, Parameter) for p in parameters):
            raise TinygraphError(
                "an optimizer trains parameters, as in parameters=model.parameters; "
                f"got {parameters!r}{_here()}"
            )
        if len({*map(id, parameters)}) < len(parameters):
            raise TinygraphError(f"an optimizer trains each parameter once{_here()}")
        self.parameters = list(parameters)
        wide = next((p.dtype for p in parameters if p.dtype is not float32), float32)
        (rate,) = arrays_of([self._rate])
        self._rate = _scalar(float(rate), wide, "learning_rate")
        self._slots = [
            {slot: _slot(p, f"{p.name or k}/{slot}", self.start(slot)) for slot in self.slots}
            for k, p in enumerate(self.parameters)
        ]

    def exclude_from_weight_decay(
        self, var_list: Iterable[Parameter] = (), var_names: Iterable[str] = ()
    ) -> None:
        """Leaves these parameters, and those whose name contains one of `var_names`, as they are
        when weights decay: `var_names=["bias"]`. Before the first step.
        """
        self._undecayed = ({id(p) for p in var_list}, tuple(var_names))

    # A step

    def apply(
        self,
        gradients: Sequence[Any] | Mapping[Parameter, Any],
        parameters: Sequence[Parameter] | None = None,
    ) -> None:
        """One step: new values for parameters, slots and counters, all together.

        `gradients` come in the order of `parameters`, or by parameter in a dict. In a jitted
        function the new values come when the step has run. `parameters` settles what is trained,
        where that was not said before.
        """
        if parameters is not None:
            self.build(parameters)
        if not self.parameters:
            raise TinygraphError(
                f"this optimizer trains nothing yet: give it parameters=model.parameters{_here()}"
            )
        new: dict[Parameter, Any] = {self.iterations: self.iterations + 1}
        with scope(type(self).__name__.lower()):
            clipped = self._clipped([*map(_fitting, self.parameters, self._ordered(gradients))])
            rate = self.learning_rate
            shared = self.prepare(new)
            for x, g, slots in zip(self.parameters, clipped, self._slots):
                own = rate if rate.dtype is x.dtype else rate.astype(x.dtype)
                value, kept = self.update(self._decayed(x, own), g, slots, own, **shared)
                new[x] = value
                new.update((slots[name], value) for name, value in kept.items())
        assign([*new], [*new.values()])

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Parameter]]) -> None:
        """One step for pairs (gradient, parameter), as in Keras: see `apply`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [x for _, x in pairs])

    def named_state(self) -> dict[str, Parameter]:
        """All that a resumed run needs, by name."""
        own = {"iterations": self.iterations}
        if self._schedule is None:
            own = {"learning_rate": self._rate, **own}
        slots = {
            f"{k}/{name}": slot for k, each in enumerate(self._slots) for name, slot in each.items()
        }
        return own | slots

    def get_config(self) -> dict[str, Any]:
        """The arguments by name that make another one like it, with the learning rate of now. What
        it trains is not among them.
        """
        config = super().get_config()
        config.pop("parameters", None)
        if "lr" in config:
            config["learning_rate"] = config.pop("lr")
        if self._schedule is not None or not takes_rate(type(self)):
            return config
        given = config.get("learning_rate", default_rate(type(self)))
        (now,) = arrays_of([self._rate])
        if given is None or now != now.dtype.type(given):
            config["learning_rate"] = float(now)
        return config

    # What a subclass says

    def start(self, slot: str) -> float:
        """What every element of a slot is at first."""
        return 0.0

    def prepare(self, new: dict[Parameter, Any]) -> dict[str, Any]:
        """What is computed once a step and given to every `update`; new state goes into `new`."""
        return {}

    def update(
        self, x: Tensor, g: Any, slots: Mapping[str, Parameter], rate: Tensor, **shared: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The new value of x for the gradient g, and the new values of slots that change."""
        raise NotImplementedError(f"{type(self).__name__} needs an update(self, x, g, slots, rate)")

    # Parts of a step

    def _ordered(self, gradients: Sequence[Any] | Mapping[Parameter, Any]) -> Sequence[Any]:
        if isinstance(gradients, Mapping):
            missing = [p.name or "a parameter" for p in self.parameters if p not in gradients]
            if missing:
                raise TinygraphError(f"there is no gradient for {', '.join(missing[:3])}")
            return [gradients[p] for p in self.parameters]
        if len(gradients) != len(self.parameters):
            raise ShapeError(
                f"the optimizer trains {len(self.parameters)} parameters, "
                f"got {len(gradients)} gradients{_here()}"
            )
        return gradients

    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipnorm is not None:
            return clip_by_norm(gradients, self.clipnorm)
        if self.clipvalue is not None:
            return clip_by_value(gradients, self.clipvalue)
        if self.global_clipnorm is not None:
            return clip_by_global_norm(gradients, self.global_clipnorm)
        return gradients

    def _decayed(self, x: Parameter, rate: Tensor) -> Tensor:
        excluded, names = self._undecayed
        if not self.weight_decay or id(x) in excluded or any(n in (x.name or "") for n in names):
            return x
        with scope("weight_decay"):
            return x - x * self.weight_decay * rate


def _fitting(x: Parameter, gradient: Any) -> Tensor:
    """The gradient as a tensor of the type of x."""
    name = x.name or "a parameter"
    if gradient is None:
        raise TinygraphError(f"the gradient for {name} is None{_here()}")
    g = as_tensor(gradient)
    if g.shape != x.shape:
        raise ShapeError(f"the gradient for {name} needs its type {x.type}, got {g.type}{_here()}")
    if g.dtype is not x.dtype:
        cast = f"cast with .astype({str(x.dtype)!r})"
        raise DtypeError(
            f"the gradient for {name} needs its type {x.type}, got {g.type}; {cast}{_here()}"
        )
    return g


def _scalar(value: float, dtype: DType, name: str) -> Parameter:
    return Parameter(None, np.array(value, dtype.numpy), name, trainable=False)


def _slot(x: Parameter, name: str, start: float) -> Parameter:
    return Parameter(None, np.full(x.shape, start, x.dtype.numpy), name, trainable=False)


def _here() -> str:
    return place_of(origin_here())
