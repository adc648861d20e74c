"""Matrix products on one thread.

A walk through a graph computes many small ones. Over these the threads of a BLAS wait for each
other longer than they compute, and where other programs run, many times as long.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """While it is open, NumPy's BLAS uses one thread."""
    return _blas().limit(limits=1, user_api="blas")


@lru_cache(1)
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController  # which looks for libraries: not at import

    return ThreadpoolController()
