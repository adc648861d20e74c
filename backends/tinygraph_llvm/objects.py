"""From the LLVM IR text of kernels to machine code in memory.

No passes of LLVM's optimiser run: the loops arrive scheduled. Its code generator alone does the
rest: choosing instructions, allocating registers, placing them in time.
"""

from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping

import llvmlite
import llvmlite.binding as llvm

from tinygraph.backend import Progress
from tinygraph.errors import CompileError

from .cache import Cache
from .machine import Machine, machine

_PREFIX = "k_"


def symbol(digest: str) -> str:
    """The name of the function that the module of a kernel defines."""
    return _PREFIX + digest


def compile_objects(
    digests: Iterable[str],
    text: Callable[[str], str],
    machine: Machine,
    cache: Cache | None = None,
    on_progress: Progress | None = None,
    opt: int = 2,
) -> dict[str, bytes]:
    """The object file for each digest.

    A digest stands for a kernel; `text(digest)` is its LLVM IR, which must define the function
    `symbol(digest)`. What the cache has is taken from there, so that its text is never made; the
    rest is compiled while further texts are made. `opt` is the level of the code generator, 0 to 3.
    CompileError if LLVM refuses a text.
    """
    keys = {digest: cache_key(digest, machine, opt) for digest in digests}
    objects = {d: data for d, k in keys.items() if cache and (data := cache.get(k)) is not None}
    missing = [digest for digest in keys if digest not in objects]
    for digest, data in _compiled(((d, text(d)) for d in missing), machine, opt):
        objects[digest] = data
        if cache:
            cache.put(keys[digest], data)
        if on_progress:
            on_progress(len(objects), len(keys))
    return {digest: objects[digest] for digest in keys}


def assembly(text: str, machine: Machine, opt: int = 2) -> str:
    """The assembly text of LLVM IR text, as its object file would contain it."""
    return _generate(text, machine, opt, as_object=False).decode()


def object_file(text: str, machine: Machine, opt: int = 2, defines: str | None = None) -> bytes:
    """The object file of LLVM IR text; CompileError unless it defines the function `defines`."""
    return _generate(text, machine, opt, defines)


class Code:
    """Machine code in memory; its addresses are valid as long as this value lives.

    `addresses` maps the names of functions to where they begin. CompileError if an object is
    damaged, or needs or lacks a name. `imports` are addresses that the code refers to by name,
    besides the functions of the system's libraries.
    """

    def __init__(
        self,
        objects: Iterable[bytes],
        names: Iterable[str],
        imports: Mapping[str, int] | None = None,
    ) -> None:
        library = llvm.JITLibraryBuilder().add_current_process()
        for data in objects:
            library.add_object_img(data)
        for name, address in (imports or {}).items():
            library.import_symbol(name, address)
        wanted = list(names)
        for name in wanted:
            library.export_symbol(name)
        try:
            self._tracker = library.link(_linker(), f"code{next(_numbers)}")
        except RuntimeError as error:
            raise CompileError(f"LLVM cannot load the code: {error}") from error
        self.addresses: dict[str, int] = {name: self._tracker[name] for name in wanted}

    def keep_forever(self) -> None:
        """Never unloads this code, not even at the end of the process."""
        self._tracker.detach()


def load(objects: Mapping[str, bytes]) -> Code:
    """Loads what `compile_objects` returned; the addresses are under `symbol(digest)`."""
    return Code(objects.values(), map(symbol, objects))


_numbers = itertools.count()


@functools.cache
def _linker() -> llvm.LLJIT:
    """LLVM's linker in memory.

    This one (and not MCJIT's) places the sections of an object next to each other, as the small
    code model requires, builds stubs for calls into libraries, and reports errors as errors.
    """
    target = machine().target_machine()
    return llvm.create_lljit_compiler(target, use_jit_link=True, suppress_errors=True)


def _compiled(
    modules: Iterable[tuple[str, str]], machine: Machine, opt: int
) -> Iterable[tuple[str, bytes]]:
    """Object files of (digest, text) pairs, as they come."""
    # One thread: llvmlite lets only one at a time into LLVM. It works while pairs are being made.
    workers = concurrent.futures.ThreadPoolExecutor(1, "tinygraph-compile")
    try:
        futures = {
            workers.submit(_generate, text, machine, opt, symbol(digest)): digest
            for digest, text in modules
        }
        for future in concurrent.futures.as_completed(futures):
            yield futures[future], future.result()
    finally:
        workers.shutdown(wait=True, cancel_futures=True)


def _generate(
    text: str, machine: Machine, opt: int, name: str | None = None, as_object: bool = True
) -> bytes:
    """Compiles one text, in a context of its own so that threads share nothing."""
    with llvm.create_context() as context:
        try:
            module = llvm.parse_assembly(text, context)
        except RuntimeError as error:
            raise CompileError(f"LLVM cannot read {name or 'the text'}: {error}") from error
        with module:
            _check(module, name)
            with machine.target_machine(opt) as target:
                return (
                    target.emit_object(module)
                    if as_object
                    else target.emit_assembly(module).encode()
                )


def _check(module: llvm.ModuleRef, name: str | None) -> None:
    try:
        module.verify()
        if name and module.get_function(name).is_declaration:
            raise NameError(f"{name} is declared but not defined")
    except (RuntimeError, NameError) as error:
        raise CompileError(f"LLVM cannot compile {name or 'the text'}: {error}") from error


def cache_key(digest: str, machine: Machine, opt: int = 2) -> str:
    """Where the cache keeps a kernel's object file: a digest of all that this depends on."""
    version = ".".join(map(str, llvm.llvm_version_info))
    parts = [llvmlite.__version__, version, machine.triple, machine.cpu, machine.features]
    text = "\n".join([*parts, str(opt), digest])
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
