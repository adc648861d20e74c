"""Walking through expressions and building changed ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from tinygraph.loops.expr import (
    Apply,
    Const,
    Expr,
    IndexValue,
    Read,
    Reduce,
    applied,
    index_value,
    read,
    reduce,
)
from tinygraph.loops.index import Axis, Index, index, substitute_index


def children(e: Expr) -> tuple[Expr, ...]:
    if isinstance(e, Apply):
        return e.args
    return (e.body,) if isinstance(e, Reduce) else ()


def walk(e: Expr, whole: Callable[[Expr], bool] | None = None) -> Iterator[Expr]:
    """Every subexpression once, an expression after its parts; what is `whole` has no parts.

    Nothing that walks expressions recurses: they may be thousands of gates deep.
    """
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(e, False)]
    while stack:
        at, done = stack.pop()
        if done:
            yield at
        elif at not in seen:
            seen.add(at)
            parts = () if whole is not None and whole(at) else children(at)
            if not parts:
                yield at
                continue
            stack.append((at, True))
            stack.extend([(child, False) for child in parts])


def rebuild(e: Expr, new: tuple[Expr, ...]) -> Expr:
    """`e` with other parts."""
    if isinstance(e, Apply):
        if e.function == "select" and isinstance(new[0], Const):
            return new[1] if new[0].value else new[2]
        return (
            e
            if all(a is b for a, b in zip(e.args, new, strict=True))
            else applied(e.function, new, e.dtype)
        )
    if isinstance(e, Reduce):
        return e if e.body is new[0] else reduce(e.kind, e.over, new[0], e.where)
    return e


def transform(e: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """Bottom-up: `change` sees each subexpression with its parts already changed; None keeps it."""
    done: dict[Expr, Expr] = {}
    for at in walk(e):
        new = rebuild(at, tuple(done[c] for c in children(at)))
        changed = change(new)
        done[at] = new if changed is None else changed
    return done[e]


def replace_parts(e: Expr, to: Mapping[Expr, Expr]) -> Expr:
    """`e` with whole subexpressions replaced."""
    done: dict[Expr, Expr] = {}
    for at in walk(e, to.__contains__):
        done[at] = to[at] if at in to else rebuild(at, tuple([done[c] for c in children(at)]))
    return done[e]


def substitute(e: Expr, to: Mapping[Axis, Index]) -> Expr:
    """`e` with free axes replaced; axes that `e` reduces over must not occur in `to`."""
    if e.axes.isdisjoint(to):
        return e
    done: dict[Expr, Expr] = {}
    for at in walk(e, lambda part: part.axes.isdisjoint(to)):
        done[at] = at if at.axes.isdisjoint(to) else _substituted(at, to, done)
    return done[e]


def _substituted(e: Expr, to: Mapping[Axis, Index], done: Mapping[Expr, Expr]) -> Expr:
    """`e` with axes replaced, which are in its parts already."""
    match e:
        case Apply():
            return rebuild(e, tuple([done[a] for a in e.args]))
        case Read():
            at = tuple([substitute_index(i, to) for i in e.indices])
            return read(e.source, e.shape, e.dtype, at, e.outside)
        case IndexValue():
            return index_value(substitute_index(e.index, to), e.dtype)
        case Reduce():
            where = tuple([substitute_index(w, to) for w in e.where])
            return reduce(e.kind, e.over, done[e.body], where)
    raise TypeError(f"no axes in {e!r}")


def rename_reductions(e: Expr, taken: Collection[str] = ()) -> Expr:
    """`e` with fresh axes in every reduction, so that two copies never bind the same axis.

    An axis whose name is among `taken` gets a dash, so that no two axes that meet have one name.
    """

    def change(at: Expr) -> Expr | None:
        if not isinstance(at, Reduce):
            return None
        fresh = tuple(Axis(_free(a.name, taken), a.extent) for a in at.over)
        to = {a: index(b) for a, b in zip(at.over, fresh, strict=True)}
        where = tuple(substitute_index(w, to) for w in at.where)
        return reduce(at.kind, fresh, substitute(at.body, to), where)

    return transform(e, change) if e.has_reduce else e


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "'"
    return name


def replace_reads(e: Expr, change: Callable[[Read], Expr]) -> Expr:
    """`e` with every read replaced."""
    return transform(e, lambda at: change(at) if isinstance(at, Read) else None)


def reads(e: Expr) -> tuple[Read, ...]:
    """Every read in `e`, each once."""
    try:
        return e._reads
    except AttributeError:
        e._reads = tuple([at for at in walk(e) if isinstance(at, Read)])
        return e._reads


def reductions(e: Expr) -> tuple[Reduce, ...]:
    """Every reduction in `e`, inner ones first."""
    if not e.has_reduce:
        return ()
    try:
        return e._reductions
    except AttributeError:
        e._reductions = tuple([at for at in walk(e) if isinstance(at, Reduce)])
        return e._reductions
