"""Finding backends, and what is said where one is missing."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import tinygraph as tg
from tinygraph import backend as door

EntryPoints = dict[str, EntryPoint]


def entries(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    found = {name: EntryPoint(name, value, door.GROUP) for name, value in values.items()}
    monkeypatch.setattr(door, "_entries", lambda: found)
    monkeypatch.setattr(door, "_loaded", {})


def test_the_numpy_backend_is_found() -> None:
    assert tg.backends()["numpy"] == "ready"
    assert door.find_backend("numpy") is door.find_backend("numpy")


def test_a_bare_checkout_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    entries(monkeypatch)
    with pytest.raises(tg.BackendUnavailable, match=r"no backend is installed: pip install -e \."):
        tg.jit(lambda x: x + 1)(tg.ones(1))


def test_an_unknown_backend_lists_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    entries(monkeypatch, numpy="tinygraph_numpy:backend")
    with pytest.raises(tg.BackendUnavailable, match="no backend 'cuda'; installed are numpy"):
        tg.jit(lambda x: x + 1, backend="cuda")(tg.ones(1))


def test_a_missing_package_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "needy_backend.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    entries(monkeypatch, needy="needy_backend:backend", broken="tinygraph_numpy:nothing")
    command = "needs a_package_that_is_not_there: pip install a_package_that_is_not_there"
    with pytest.raises(tg.BackendUnavailable, match=command):
        door.find_backend("needy")
    states = tg.backends()
    assert command in states["needy"]
    assert "is not whole" in states["broken"]


def test_what_is_no_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entries(monkeypatch, odd="math:pi")
    with pytest.raises(tg.BackendUnavailable, match="needs name, target and compile"):
        door.find_backend("odd")
