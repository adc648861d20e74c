"""What all tests share: golden files, sample sizes, and a loud list of what was left out."""

from __future__ import annotations

import difflib
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

GOLDEN = Path(__file__).parent / "golden"
HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_KERAS = importlib.util.find_spec("keras") is not None
WRITTEN = pytest.StashKey[list[str]]()

# `--hypothesis-profile=NAME` chooses. The first two draw the same samples every time.
_quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("fixed", derandomize=True, max_examples=20, **_quiet)
settings.register_profile("thorough", derandomize=True, max_examples=300, **_quiet)
settings.register_profile("explore", max_examples=1000, print_blob=True, **_quiet)
settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden instead of comparing"
    )
    parser.addoption(
        "--need-reference",
        action="store_true",
        help="fail, instead of skipping, where torch is missing",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[WRITTEN] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("reference") is None:
        return
    keras = "keras" in getattr(item, "fixturenames", ())
    missing = "torch" if not HAS_TORCH else "keras" if keras and not HAS_KERAS else None
    if missing is None:
        item.user_properties.append(("compared", "Keras itself" if keras else "PyTorch itself"))
        return
    possible = missing != "keras" or sys.version_info >= (3, 11)  # what Keras asks for
    if item.config.getoption("--need-reference") and possible:
        pytest.fail(f"{missing} is missing: pip install -e '.[reference]'", pytrace=False)
    pytest.skip(f"{missing} is missing")


@pytest.fixture(scope="session")
def keras(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Keras on PyTorch, for tests marked `reference`; with float32 as its default."""
    with pytest.MonkeyPatch.context() as patch:  # Keras can be told in no other way
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        return import_module("keras")


@pytest.fixture
def keras64(keras: Any) -> Iterator[Any]:
    """Keras on PyTorch, computing in float64."""
    keras.config.set_floatx("float64")
    yield keras
    keras.config.set_floatx("float32")


class Golden:
    """Compares printed text with the files of tests/golden."""

    def __init__(self, config: pytest.Config) -> None:
        self._update = config.getoption("--update-golden")
        self._written = config.stash[WRITTEN]

    def check(self, name: str, text: str) -> None:
        """Fails, showing a diff, unless `text` is what tests/golden/`name` holds."""
        path = GOLDEN / name
        text = text.rstrip("\n") + "\n"
        stored = path.read_text(encoding="utf-8") if path.exists() else None
        if stored == text:
            return
        if self._update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            self._written.append(name)
            return
        accept = "pytest --update-golden accepts the new text"
        if stored is None:
            pytest.fail(f"tests/golden/{name} is not there; {accept}. It is:\n{text}", False)
        diff = difflib.unified_diff(
            stored.splitlines(), text.splitlines(), f"tests/golden/{name}", "now", lineterm=""
        )
        pytest.fail("\n".join([*diff, "", f"The text has changed; {accept}."]), pytrace=False)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.config)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    stats = terminalreporter.stats
    if compared := _compared(stats.get("passed", [])):
        terminalreporter.section("COMPARED", sep="=", green=True, bold=True)
        for what, count in sorted(compared.items()):
            tests = "test" if count == 1 else "tests"
            terminalreporter.line(f"{count} {tests} with {what}", green=True, bold=True)
    skipped = Counter(_reason(report) for report in stats.get("skipped", []))
    lines = [f"{count} skipped: {reason}" for reason, count in skipped.items()]
    if not HAS_TORCH:
        lines.append("PyTorch is not installed: compared with stored arrays, not with itself")
        lines.append("    (make reference installs it, make test-all compares)")
    if deselected := len(stats.get("deselected", [])):
        lines.append(f"{deselected} not selected by -m, -k or --deselect (make test-all runs all)")
    if lines:
        terminalreporter.section("LEFT OUT", sep="!", yellow=True, bold=True)
        for line in lines:
            terminalreporter.line(line, yellow=True, bold=True)
    for name in config.stash[WRITTEN]:
        terminalreporter.line(f"written: tests/golden/{name}", yellow=True)


def _compared(passed: list[pytest.TestReport]) -> Counter[str]:
    """How many tests compared with what, as they recorded it: record_property("compared", ...)."""
    recorded = [dict(report.user_properties) for report in passed if report.when == "call"]
    return Counter(str(each["compared"]) for each in recorded if "compared" in each)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
