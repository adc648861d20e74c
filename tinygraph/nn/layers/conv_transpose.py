"""Transposed convolutions; the kernel is window...,filters,C_in as in Keras."""

from __future__ import annotations

from typing import Any

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.functional import permute
from tinygraph.functional.arguments import spatial
from tinygraph.functional.windows import span
from tinygraph.nn.layers.checks import check_images, here, who
from tinygraph.nn.layers.conv import Convolution
from tinygraph.tensor import Tensor


class TransposedConvolution(Convolution):
    """The convolution read backwards: each element of x puts a copy of the kernel into y.

    Sizes are Keras's. With `output_padding` None, "valid" gives H' = (H - 1) * s + max(F, s) and
    "same" H' = H * s. With a number, "valid" gives H' = (H - 1) * s + F + output_padding, and
    "same" takes 2 * (F // 2) off that. Of an odd number of rows "same" takes the larger half off
    the end.

    The kernel's last two axes are those of the convolution whose data gradient this is;
    `tg.conv_transpose2d` takes them the other way round.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        **options: Any,
    ) -> None:
        if "groups" in options:
            raise ShapeError(f"{type(self).__name__} has no groups{here()}")
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            1,
            activation,
            use_bias,
            **options,
        )
        self.output_padding = output_padding

    def remark(self, shape: Any) -> str:
        return ""  # every element of x is used

    def check(self, x: Any) -> None:
        check_images(self, tuple(x.shape), self.rank)

    def _channels(self, channels: int) -> tuple[int, int]:
        return self.filters, channels

    def _convolved(self, x: Any) -> Tensor:
        order = (*range(self.rank), self.rank + 1, self.rank)
        return getattr(functional, f"conv_transpose{self.rank}d")(
            x,
            permute(self.kernel, order),
            self.strides,
            *self._trimmed(),
            self.dilation_rate,
        )

    def _trimmed(self) -> tuple[Any, Any]:
        """The padding and output padding that `tg.conv_transpose2d` takes."""
        reach = [span(f, d) for f, d in zip(self.kernel_size, self.dilation_rate, strict=True)]
        if self.output_padding is None:
            if self.padding != "valid":
                return self.padding, 0
            return "valid", [max(s - r, 0) for s, r in zip(self.strides, reach, strict=True)]
        extra = spatial(f"{who(self)}: output_padding", self.output_padding, self.rank, least=0)
        if self.padding != "same":
            return self.padding, extra
        off = [2 * (r // 2) - e for r, e in zip(reach, extra, strict=True)]
        pairs = [(max(n, 0) // 2, max(n, 0) - max(n, 0) // 2) for n in off]
        return pairs, [max(-n, 0) for n in off]


class Conv1DTranspose(TransposedConvolution):
    """activation(conv_transpose1d(x, kernel) + bias): N,L,C -> N,L',filters."""

    rank = 1


class Conv2DTranspose(TransposedConvolution):
    """activation(conv_transpose2d(x, kernel) + bias): N,H,W,C -> N,H',W',filters."""

    rank = 2


class Conv3DTranspose(TransposedConvolution):
    """activation(conv_transpose3d(x, kernel) + bias): N,D,H,W,C -> N,D',H',W',filters."""

    rank = 3
