"""`keras.datasets`: sets of `tg.data` in the form Keras gives them.

    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()

Nothing is downloaded: an error says which files are to be put where. See `tg.data.mnist`.
`digits` and `fashion_mini`, which Keras does not have, come with tinygraph.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tinygraph import data

__all__ = ["digits", "fashion_mini", "fashion_mnist", "mnist"]

Pair = tuple[NDArray[Any], NDArray[Any]]


class DataSet:
    """`load_data` of one data set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__doc__ = f"`load_data()` gives the arrays of `tg.data.{name}()`."

    def load_data(self, path: str | Path | None = None, **options: Any) -> tuple[Pair, Pair]:
        """((x_train, y_train), (x_test, y_test)): images uint8 [N,H,W], labels uint8 [N].

        `path` is the folder the files are in; `options` are those of the function in `tg.data`. A
        `DataError` says what is missing where.
        """
        given = options if path is None else {"path": path, **options}
        train, test = getattr(data, self.name)(**given)
        return (train.x, train.y), (test.x, test.y)

    def __repr__(self) -> str:
        return f"<{self.name}: load_data() gives ((x_train, y_train), (x_test, y_test))>"


mnist = DataSet("mnist")
fashion_mnist = DataSet("fashion_mnist")
digits = DataSet("digits")
fashion_mini = DataSet("fashion_mini")
