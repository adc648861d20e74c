"""The doctor finds what is missing and names the command."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from tinygraph import doctor
from tinygraph.cli import main


def test_everything_is_reported_and_each_backend_tried(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [*doctor.examine()]
    checks = {f.topic: f for f in findings if f.name == "self check"}
    assert checks["backend numpy"].good
    assert checks["backend llvm"].good
    told = {f.name for f in findings if f.topic == "backend llvm"}
    assert {"compiler", "machine", "instructions", "threads", "cache"} <= told
    assert main(["doctor"]) == (0 if all(f.good for f in findings) else 1)
    assert "agrees with NumPy" in capsys.readouterr().out


def test_a_missing_package_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name in ("rich", "pillow"):
            raise PackageNotFoundError(name)
        return "0.1" if name == "numpy" else "99.0"

    listed = ["numpy>=2.0", "rich>=13.7", 'pillow>=10.3; extra == "examples"', 'x; extra == "dev"']
    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setattr(doctor, "requires", lambda _: listed)
    found = {f.name: f for f in doctor._packages()}
    assert found["rich"].remedy == "pip install rich"
    assert not found["rich"].good
    assert found["pillow"].remedy == 'pip install "tinygraph[examples]"'
    assert found["pillow"].good  # nobody needs it
    assert found["numpy"].remedy == 'pip install "numpy>=2.0"'
    assert "x" not in found


def test_a_bare_checkout_is_told_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "backends", dict)
    last = [*doctor.examine()][-1]
    assert (last.good, last.remedy) == (False, "pip install -e .")


def test_the_cache_is_emptied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tinygraph_llvm.cache import Cache

    from tinygraph.backend import find_backend

    cache = Cache(tmp_path / "cache")
    cache.put("key", b"data")
    monkeypatch.setattr(find_backend("llvm"), "cache", cache)
    assert doctor.clear_caches()["llvm"] == 1
    assert cache.stats().entries == 0
