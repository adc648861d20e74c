"""From LLVM IR text to machine code in memory, and the machines it is made for."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

import numpy as np
import pytest
from tinygraph_llvm.cache import Cache
from tinygraph_llvm.machine import Machine, machine, machine_names
from tinygraph_llvm.objects import assembly, load, symbol
from tinygraph_llvm.objects import compile_objects as compile_digests

from tinygraph.errors import BackendUnavailable, CompileError

x86_only = pytest.mark.skipif(platform.machine() != "x86_64", reason="x86 machines")


def scale(name: str, factor: float = 2.0, lanes: int = 16) -> str:
    """A kernel that multiplies `lanes` float32 by a factor and adds 0, 1, 2, ..."""
    vector = f"<{lanes} x float>"
    factors = ", ".join([f"float {factor!r}"] * lanes)
    steps = ", ".join(f"float {lane}.0" for lane in range(lanes))
    return f"""
declare {vector} @llvm.fmuladd.v{lanes}f32({vector}, {vector}, {vector})
define void @{symbol(name)}(ptr %pointers, i64 %task) {{
  %p = load ptr, ptr %pointers
  %q = getelementptr {vector}, ptr %p, i64 %task
  %x = load {vector}, ptr %q, align 4
  %y = call {vector} @llvm.fmuladd.v{lanes}f32(
    {vector} %x, {vector} <{factors}>, {vector} <{steps}>)
  store {vector} %y, ptr %q, align 4
  ret void
}}"""


FLOOR = """
declare <4 x float> @llvm.floor.v4f32(<4 x float>)
define void @k_floor(ptr %pointers, i64 %task) {
  %p = load ptr, ptr %pointers
  %x = load <4 x float>, ptr %p, align 4
  %y = call <4 x float> @llvm.floor.v4f32(<4 x float> %x)
  store <4 x float> %y, ptr %p, align 4
  ret void
}"""


def compile_objects(modules: dict[str, str], *args, **options) -> dict[str, bytes]:
    return compile_digests(modules, modules.__getitem__, *args, **options)


def call(address: int, data: np.ndarray, task: int = 0) -> None:
    pointers = (ctypes.c_uint64 * 1)(data.ctypes.data)
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(address)
    function(ctypes.addressof(pointers), task)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.mark.parametrize("name", machine_names())
def test_kernels_run_on_every_machine(name: str):
    target = machine(name)
    code = load(compile_objects({"a": scale("a"), "floor": FLOOR}, target))
    data = np.arange(32, dtype=np.float32)
    call(code.addresses["k_a"], data, 1)
    np.testing.assert_array_equal(data[:16], np.arange(16))
    np.testing.assert_array_equal(data[16:], np.arange(16, 32) * 2 + np.arange(16))
    # Without SSE4.1 this is a call into the C library.
    data = np.array([1.5, -1.5, 2.0, np.inf], np.float32)
    call(code.addresses["k_floor"], data)
    np.testing.assert_array_equal(data, np.array([1, -2, 2, np.inf], np.float32))


@x86_only
@pytest.mark.parametrize(
    ("name", "register", "others"),
    [("avx512", "%zmm", []), ("avx2", "%ymm", ["%zmm"]), ("sse2", "%xmm", ["%ymm", "%zmm"])],
)
def test_assembly_uses_the_registers_of_the_machine(name: str, register: str, others: list[str]):
    if name not in machine_names():
        pytest.skip(f"this processor has no {name}")
    target = machine(name)
    text = assembly(scale("a"), target)
    assert "k_a:" in text
    assert register in text
    assert not any(other in text for other in others)
    assert ("vfmadd" in text) == target.has_fma


@x86_only
def test_machines_of_x86():
    assert machine_names()[:2] == ["host", "sse2"]
    sse2 = machine("sse2")
    assert (sse2.vector_bits, sse2.registers, sse2.has_fma, sse2.lanes()) == (128, 16, False, 4)
    if "avx512" in machine_names():
        wide = machine("avx512")
        assert (wide.vector_bits, wide.registers, wide.has_fma, wide.lanes(64)) == (
            512,
            32,
            True,
            8,
        )
    assert machine().vector_bits == max(machine(name).vector_bits for name in machine_names())


def test_machine_neon():
    neon = Machine("host", "aarch64-apple-darwin", "apple-m1", "", 128, True)
    assert (neon.registers, neon.lanes(), neon.is_x86) == (32, 4, False)


def test_an_unknown_machine_names_the_known_ones():
    with pytest.raises(BackendUnavailable, match="no machine 'mmx', only: host"):
        machine("mmx")
    assert "host: " in str(machine())


def test_parallel_is_the_same_as_alone():
    modules = {f"m{i}": scale(f"m{i}", float(i)) for i in range(40)}
    together = compile_objects(modules, machine())
    assert list(together) == list(modules)
    for name in ["m0", "m39"]:
        assert compile_objects({name: modules[name]}, machine()) == {name: together[name]}
    code = load(together)
    data = np.ones(16, np.float32)
    call(code.addresses["k_m7"], data)
    np.testing.assert_array_equal(data, 7 + np.arange(16))


def test_the_cache_saves_compiling(cache: Cache, monkeypatch: pytest.MonkeyPatch):
    modules = {"a": scale("a"), "b": scale("b", 3.0)}
    first = compile_objects(modules, machine(), cache)
    monkeypatch.setattr(Machine, "target_machine", lambda *_: pytest.fail("compiled again"))
    assert compile_objects(modules, machine(), Cache(cache.directory)) == first


@x86_only
def test_the_cache_keeps_machines_kernels_and_levels_apart(cache: Cache):
    for target in map(machine, machine_names()):
        compile_objects({"a": scale("a")}, target, cache)
    before = cache.stats().entries
    assert before == len(machine_names())
    compile_objects({"a": scale("a")}, machine(), cache, opt=1)
    compile_objects({"b": scale("b")}, machine(), cache)
    assert cache.stats().entries == before + 2


def test_a_damaged_entry_is_compiled_again(cache: Cache):
    first = compile_objects({"a": scale("a")}, machine(), cache)
    (path,) = cache.directory.iterdir()
    path.write_bytes(path.read_bytes()[:-5] + b"wrong")
    assert compile_objects({"a": scale("a")}, machine(), cache) == first
    assert cache.stats().entries == 1


def test_progress(cache: Cache):
    seen: list[tuple[int, int]] = []
    compile_objects({"a": scale("a")}, machine(), cache)
    modules = {name: scale(name) for name in "abc"}
    compile_objects(modules, machine(), cache, lambda done, total: seen.append((done, total)))
    assert seen == [(2, 3), (3, 3)]  # one was there
    assert compile_objects({}, machine(), cache) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("define void @k_a( {", "cannot read k_a"),
        ("", "cannot compile k_a"),
        ("declare void @k_a()", "declared but not defined"),
        (scale("b"), "cannot compile k_a"),
        ("define void @k_a() {\n  %x = add i32 %y, 1\n  %y = add i32 %x, 1\n  ret void\n}", "k_a"),
    ],
)
@pytest.mark.parametrize("others", [0, 3])
def test_wrong_text_is_a_compile_error(text: str, says: str, others: int, cache: Cache):
    modules = {"a": text} | {f"o{i}": scale(f"o{i}") for i in range(others)}
    with pytest.raises(CompileError, match=says):
        compile_objects(modules, machine(), cache)


def test_wrong_objects_are_compile_errors():
    with pytest.raises(CompileError, match="cannot load"):
        load({"a": b"no object file"})
    missing = "declare void @nobody_has_this()\ndefine void @k_a() {\n"
    missing += "  call void @nobody_has_this()\n  ret void\n}"
    with pytest.raises(CompileError, match=r"cannot load.*k_a"):
        load(compile_objects({"a": missing}, machine()))


def test_the_same_kernel_can_be_loaded_twice_and_unloaded():
    objects = compile_objects({"a": scale("a")}, machine())
    first, second = load(objects), load(objects)
    assert first.addresses != second.addresses
    del first
    data = np.zeros(16, np.float32)
    call(second.addresses["k_a"], data)
    np.testing.assert_array_equal(data, np.arange(16))
