"""What users install: the wheel, its entry points, and how light `import tinygraph` is."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from configparser import ConfigParser
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "tinygraph": ROOT / "tinygraph",
    "tinygraph_numpy": ROOT / "backends" / "tinygraph_numpy",
    "tinygraph_llvm": ROOT / "backends" / "tinygraph_llvm",
}
HEAVY = ("llvmlite", "matplotlib", "PIL", "graphviz", "rich", "safetensors", "scipy", "torch")


def python(code: str, **options) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


# Never skipped: a checkout whose backends are missing is broken, whatever else passes.
@pytest.mark.parametrize("name", ["numpy", "llvm"])
def test_backend_is_installed(name: str) -> None:
    (point,) = entry_points(group="tinygraph.backends", name=name)
    assert point.load() is not None


def test_import_is_silent_and_brings_nothing_heavy() -> None:
    code = f"import sys, tinygraph; print(*(m for m in {HEAVY} if m in sys.modules))"
    assert python(code).split() == []


def test_import_brings_few_modules() -> None:
    """What takes time in `import tinygraph`, without a clock: NumPy's modules, and not many more.

    `tinygraph doctor` measures the time itself.
    """
    count = "len({m for m in sys.modules if m.partition('.')[0] in %s})"
    ours = count % "('tinygraph',)"
    more = "len(set(sys.modules) - n)"
    code = f"import sys, numpy; n = set(sys.modules); import tinygraph; print({ours}, {more})"
    own, all_new = map(int, python(code).split())
    assert 0 < own <= 100
    assert all_new - own <= 10, "modules of others, besides those that NumPy needs"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.slow
def test_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    there = set(wheel.namelist())
    for name, folder in PACKAGES.items():
        files = {
            f"{name}/{path.relative_to(folder).as_posix()}"
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert files
        assert files <= there
    assert {
        "tinygraph/data/nuclei/nuclei.npz",
        "tinygraph/data/nuclei/LICENCE.txt",
        "tinygraph/data/digits/digits8x8.npz",
        "tinygraph/data/digits/LICENCE.txt",
        "tinygraph/data/fashion_mini/fashion-mini-2000-500.npz",
        "tinygraph/data/fashion_mini/LICENCE.txt",
        "tinygraph_llvm/runtime.ll",
    } <= there


@pytest.mark.slow
def test_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.slow
def test_wheel_names_its_entry_points(wheel: zipfile.ZipFile) -> None:
    (path,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    parser = ConfigParser()
    parser.read_string(wheel.read(path).decode())
    assert dict(parser["console_scripts"]) == {"tinygraph": "tinygraph.cli:main"}
    assert dict(parser["tinygraph.backends"]) == {
        "numpy": "tinygraph_numpy:backend",
        "llvm": "tinygraph_llvm:backend",
    }


@pytest.mark.slow
def test_wheel_works_unpacked_elsewhere(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import tinygraph, tinygraph.data as data\n"
        "sets = data.nuclei(), data.digits(), data.fashion_mini()\n"
        "print(tinygraph.__file__, *(len(each.train) for each in sets))"
    )
    where, *counts = python(code, cwd=tmp_path).split()
    assert Path(where) == tmp_path / "tinygraph" / "__init__.py"
    assert counts == ["90", "1437", "2000"]
