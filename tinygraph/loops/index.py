"""Index arithmetic: integer expressions that say which element is meant.

An `Index` is affine, `const + sum of coefficient * atom`, and always in its simplest form; an atom
is an `Axis` (a loop or an output position), or the quotient or remainder of an index by a constant:

    index := const + coefficient * atom + ...
    atom  := axis | index // constant | index % constant

Simplification uses the axes' extents, so `(2*i + j) // 2` is `i` where j runs over 0..1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import ClassVar
from weakref import WeakValueDictionary

_COUNTER = itertools.count()


class Axis:
    """A variable running over 0 <= axis < extent. Axes compare by identity; `name` is for
    people."""

    __slots__ = ("__weakref__", "extent", "name", "order")

    def __init__(self, name: str, extent: int):
        self.name, self.extent, self.order = name, int(extent), next(_COUNTER)

    def __repr__(self) -> str:
        return self.name

    @property
    def axes(self) -> frozenset[Axis]:
        return frozenset((self,))


class Floor:
    """The atom `index // by` (`part` "//") or `index % by` (`part` "%"), for a constant by > 1."""

    __slots__ = ("__weakref__", "axes", "by", "index", "order", "part")
    _made: ClassVar[WeakValueDictionary[tuple, Floor]] = WeakValueDictionary()

    index: Index
    part: str
    by: int
    order: int
    axes: frozenset[Axis]

    def __new__(cls, index: Index, part: str, by: int) -> Floor:
        key = (index, part, by)
        if (found := cls._made.get(key)) is not None:
            return found
        self = object.__new__(cls)
        self.index, self.part, self.by, self.order, self.axes = (
            index,
            part,
            by,
            next(_COUNTER),
            index.axes,
        )
        cls._made[key] = self
        return self

    def __repr__(self) -> str:
        text = str(self.index)
        return f"{text if self.index.is_atom else f'({text})'}{self.part}{self.by}"


Atom = Axis | Floor
IndexLike = "Index | Axis | int"


class Index:
    """An affine integer expression in its simplest form; equal indices are the same object."""

    __slots__ = ("__weakref__", "axes", "const", "terms")
    _made: ClassVar[WeakValueDictionary[tuple, Index]] = WeakValueDictionary()

    const: int
    terms: tuple[tuple[Atom, int], ...]
    axes: frozenset[Axis]

    def __new__(cls, const: int, terms: tuple[tuple[Atom, int], ...]) -> Index:
        key = (const, terms)
        if (found := cls._made.get(key)) is not None:
            return found
        self = object.__new__(cls)
        self.const, self.terms = const, terms
        self.axes = frozenset().union(*(atom.axes for atom, _ in terms))
        cls._made[key] = self
        return self

    @property
    def is_atom(self) -> bool:
        return self.const == 0 and len(self.terms) == 1 and self.terms[0][1] == 1

    @property
    def is_affine(self) -> bool:
        """No quotient or remainder in it."""
        return all(isinstance(atom, Axis) for atom, _ in self.terms)

    def coefficient(self, axis: Axis) -> int:
        """Of `axis` as a plain term; quotients and remainders do not count."""
        return next((c for atom, c in self.terms if atom is axis), 0)

    def __add__(self, other: Index | Axis | int) -> Index:
        other = index(other)
        if not self.terms and not self.const:
            return other
        return _linear(self.const + other.const, itertools.chain(self.terms, other.terms))

    def __radd__(self, other: Axis | int) -> Index:
        return self + other

    def __neg__(self) -> Index:
        return self * -1

    def __sub__(self, other: Index | Axis | int) -> Index:
        return self + index(other) * -1

    def __rsub__(self, other: Axis | int) -> Index:
        return index(other) - self

    def __mul__(self, factor: int) -> Index:
        if factor == 1:
            return self
        if factor == 0:
            return Index(0, ())
        return Index(self.const * factor, tuple((atom, c * factor) for atom, c in self.terms))

    __rmul__ = __mul__

    def __floordiv__(self, by: int) -> Index:
        if by == 1:
            return self
        whole, rest = self._split(by)
        low, high = interval(rest)
        if low // by == high // by:
            return whole + low // by
        return whole + Index(0, ((Floor(rest, "//", by), 1),))

    def __mod__(self, by: int) -> Index:
        if by == 1:
            return Index(0, ())
        _, rest = self._split(by)
        low, high = interval(rest)
        if low // by == high // by:
            return rest - by * (low // by)
        return Index(0, ((Floor(rest, "%", by), 1),))

    def _split(self, by: int) -> tuple[Index, Index]:
        """whole, rest with self = by * whole + rest."""
        whole = _linear(
            self.const // by, ((atom, c // by) for atom, c in self.terms if c % by == 0)
        )
        rest = Index(self.const % by, tuple((atom, c) for atom, c in self.terms if c % by))
        return whole, rest

    def __str__(self) -> str:
        parts = []
        for atom, c in self.terms:
            sign = "-" if c < 0 else "+"
            text = repr(atom) if isinstance(atom, Axis) or abs(c) == 1 else f"({atom!r})"
            parts.append(f"{sign}{'' if abs(c) == 1 else f'{abs(c)}*'}{text}")
        if self.const or not parts:
            parts.append(f"{'-' if self.const < 0 else '+'}{abs(self.const)}")
        text = "".join(parts)
        return text[1:] if text.startswith("+") else text

    __repr__ = __str__


def index(value: Index | Axis | int) -> Index:
    """Anything that can stand for an index, as an `Index`."""
    if isinstance(value, Index):
        return value
    if isinstance(value, Axis):
        return Index(0, ((value, 1),)) if value.extent != 1 else Index(0, ())
    return Index(int(value), ())


def _linear(const: int, terms: Iterable[tuple[Atom, int]]) -> Index:
    total: dict[Atom, int] = {}
    for atom, c in terms:
        total[atom] = total.get(atom, 0) + c
    result = Index(const, tuple(sorted(((a, c) for a, c in total.items() if c), key=_order)))
    return _rejoined(result)


def _order(term: tuple[Atom, int]) -> int:
    return term[0].order


def _rejoined(value: Index) -> Index:
    """Undo a division: c*by*(e // by) + c*(e % by) = c*e."""
    for atom, c in value.terms:
        if isinstance(atom, Floor) and atom.part == "%":
            for other, d in value.terms:
                if (
                    isinstance(other, Floor)
                    and other.part == "//"
                    and other.index is atom.index
                    and other.by == atom.by
                    and d == c * atom.by
                ):
                    rest = Index(
                        value.const, tuple(t for t in value.terms if t[0] not in (atom, other))
                    )
                    return rest + atom.index * c
    return value


def interval(value: Index, ranges: Mapping[Axis, tuple[int, int]] | None = None) -> tuple[int, int]:
    """Smallest and largest value that `value` can take; `ranges` narrows axes (both ends
    included)."""
    low = high = value.const
    for atom, c in value.terms:
        a, b = _atom_interval(atom, ranges)
        low, high = (low + c * a, high + c * b) if c > 0 else (low + c * b, high + c * a)
    return low, high


def _atom_interval(atom: Atom, ranges: Mapping[Axis, tuple[int, int]] | None) -> tuple[int, int]:
    if isinstance(atom, Axis):
        return (ranges or {}).get(atom, (0, max(atom.extent - 1, 0)))
    low, high = interval(atom.index, ranges)
    if atom.part == "//":
        return low // atom.by, high // atom.by
    if low // atom.by == high // atom.by:
        return low % atom.by, high % atom.by
    return 0, atom.by - 1


def substitute_index(value: Index, to: Mapping[Axis, Index]) -> Index:
    """`value` with axes replaced."""
    if value.axes.isdisjoint(to):
        return value
    const, kept, new = value.const, [], []
    for term in value.terms:
        atom, c = term
        if atom.axes.isdisjoint(to):
            kept.append(term)
            continue
        replaced = _substitute_atom(atom, to)
        const += c * replaced.const
        new.extend([(inner, c * d) for inner, d in replaced.terms])
    return _linear(const, kept + new) if new else Index(const, tuple(kept))


def _substitute_atom(atom: Atom, to: Mapping[Axis, Index]) -> Index:
    if isinstance(atom, Axis):
        return to[atom] if atom in to else index(atom)
    inner = substitute_index(atom.index, to)
    return inner // atom.by if atom.part == "//" else inner % atom.by
