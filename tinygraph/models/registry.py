"""Models by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.models.alexnet import alexnet
from tinygraph.models.googlenet import googlenet
from tinygraph.models.lenet import lenet5, lenet5_1998
from tinygraph.models.mlp import mlp_big, mlp_small, mnist_mlp
from tinygraph.models.mnist_cnn import mnist_cnn, mnist_conv_net, mnist_convnet
from tinygraph.models.pets_unet import encoder_classifier, pets_unet
from tinygraph.models.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from tinygraph.models.smileys import smiley_classifier, smiley_ring_unet
from tinygraph.models.two_conv import two_conv
from tinygraph.models.unet import classic_unet, unet
from tinygraph.models.vgg import vgg11, vgg11_lrn, vgg13, vgg16, vgg16_c, vgg19
from tinygraph.models.xception import xception
from tinygraph.models.zfnet import zfnet
from tinygraph.nn import Model
from tinygraph.nn.seeds import undrawn


@dataclass(frozen=True)
class Entry:
    """A model that has a name; calling it makes one, with weights drawn as they are for any."""

    name: str
    function: Callable[..., Model]
    source: str
    """Who published it, or which lecture draws it."""
    lectures: tuple[int, ...]
    parameters: int
    """Of all weights, trained or not."""
    untrained: int = 0
    """Those that no optimizer changes: running means and variances, fixed bitmaps."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the function is given, where it is not its default."""
    aliases: tuple[str, ...] = ()

    @property
    def trained(self) -> int:
        """The parameters that an optimizer changes."""
        return self.parameters - self.untrained

    @property
    def option_names(self) -> tuple[str, ...]:
        """What its function can be told by name."""
        return tuple(inspect.signature(self.function).parameters)

    def __call__(self, **options: Any) -> Model:
        signature = inspect.signature(self.function)
        try:
            signature.bind(**options)
        except TypeError as error:
            known = ", ".join(signature.parameters) or "none"
            raise TinygraphError(f"model {self.name}: {error}; its options are: {known}") from None
        return self.function(**{**self.options, **options})


_SZEGEDY = "Szegedy and others 2014"
_SIMONYAN = "Simonyan and Zisserman 2014"
_KRIZHEVSKY = "Krizhevsky and others 2012"
_HE = "He and others 2015"
_KERAS = {"style": "keras"}

_ENTRIES = (
    Entry("smiley_classifier", smiley_classifier, "lecture 1", (1,), 124),
    Entry("smiley_ring_unet", smiley_ring_unet, "lecture 1", (1,), 6_425),
    Entry("two_conv", two_conv, "lecture 2", (2,), 824_201),
    Entry("mnist_mlp", mnist_mlp, "lecture 5", (5,), 13_002),
    Entry("mlp_small", mlp_small, "the same, from flat images to logits", (5,), 13_002),
    Entry("mlp_big", mlp_big, "a benchmark", (), 669_706),
    Entry("mnist_convnet", mnist_convnet, "Chollet 2015 (keras.io)", (5,), 34_826),
    Entry("mnist_cnn", mnist_cnn, "the same without dropout, to logits", (5,), 34_826),
    Entry("mnist_conv_net", mnist_conv_net, "lecture 5", (5,), 354_002),
    Entry("lenet5", lenet5, "LeCun and others 1998", (3, 5), 61_706, aliases=("lenet",)),
    Entry("lenet5_1998", lenet5_1998, "the same with the paper's layers", (3,), 60_840, 840),
    Entry("alexnet", alexnet, _KRIZHEVSKY, (3, 4, 5), 62_378_344),
    Entry("alexnet_grouped", alexnet, _KRIZHEVSKY, (3,), 60_965_224, options={"groups": 2}),
    Entry(
        "alexnet_224",
        alexnet,
        "as lecture 3 draws it",
        (3,),
        50_844_008,
        options={"image_size": 224, "normalized": False},
    ),
    Entry("zfnet", zfnet, "Zeiler and Fergus 2013", (3,), 62_357_608),
    Entry(
        "zfnet_wide",
        zfnet,
        "Zeiler and Fergus 2013",
        (3,),
        107_627_624,
        options={"widths": (512, 1024, 512)},
    ),
    Entry("vgg11", vgg11, _SIMONYAN, (3, 4), 132_863_336, aliases=("vgg_a",)),
    Entry("vgg11_lrn", vgg11_lrn, _SIMONYAN, (4,), 132_863_336, aliases=("vgg_a_lrn",)),
    Entry("vgg13", vgg13, _SIMONYAN, (4,), 133_047_848, aliases=("vgg_b",)),
    Entry("vgg16_c", vgg16_c, _SIMONYAN, (4,), 133_638_952, aliases=("vgg_c",)),
    Entry("vgg16", vgg16, _SIMONYAN, (3, 4, 5), 138_357_544, aliases=("vgg_d",)),
    Entry("vgg19", vgg19, _SIMONYAN, (4,), 143_667_240, aliases=("vgg_e",)),
    Entry("googlenet", googlenet, _SZEGEDY, (3, 5), 6_998_552, aliases=("inception_v1",)),
    Entry(
        "googlenet_auxiliary", googlenet, _SZEGEDY, (3,), 13_378_280, options={"auxiliary": True}
    ),
    Entry("resnet18", resnet18, _HE, (3, 5), 11_699_112, 9_600),
    Entry("resnet34", resnet34, _HE, (3, 5), 21_814_696, 17_024),
    Entry("resnet50", resnet50, _HE, (3, 5), 25_610_152, 53_120),
    Entry("resnet101", resnet101, _HE, (3, 5), 44_654_504, 105_344),
    Entry("resnet152", resnet152, _HE, (3, 5), 60_344_232, 151_424),
    Entry("resnet50_keras", resnet50, "keras.applications", (5,), 25_636_712, 53_120, _KERAS),
    Entry("resnet101_keras", resnet101, "keras.applications", (5,), 44_707_176, 105_344, _KERAS),
    Entry("resnet152_keras", resnet152, "keras.applications", (5,), 60_419_944, 151_424, _KERAS),
    Entry("xception", xception, "Chollet 2017", (3, 5), 22_910_480, 54_528),
    Entry("unet", unet, "Ronneberger and others 2015", (3, 5), 31_030_658, aliases=("valid_unet",)),
    Entry("classic_unet", classic_unet, "the same with padding, half as wide", (), 7_759_554),
    Entry(
        "pets_unet",
        pets_unet,
        "Chollet 2019 (keras.io)",
        (5,),
        2_058_979,
        3_776,
        aliases=("unet_xception", "oxford_pets_unet"),
    ),
    Entry(
        "encoder_classifier",
        encoder_classifier,
        "lecture 5",
        (5,),
        232_644,
        2_112,
        aliases=("pets_encoder",),
    ),
)

MODELS: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}
"""Every model that `build` knows."""


def build(name: str, seed: int | None = 0, **options: Any) -> Model:
    """The model called `name`, with weights that depend on the seed alone.

    `options` go to its function: build("resnet18", classes=10, image_size=32). With the seed None
    nothing is drawn, all weights are 0: enough for shapes, counts and pictures, and quick.
    """
    entry = find(name)
    with undrawn():
        model = entry(**options)
    if seed is not None:
        model.initialize(seed)
    return model


def table() -> str:
    """All models as text: names, where they are from, parameters."""
    heads = ("model", "lecture", "source", "parameters", "not trainable")
    lines = [heads, *(_cells(entry) for entry in _ENTRIES)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if k > 2 else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(entry: Entry) -> tuple[str, ...]:
    name = " = ".join((entry.name, *entry.aliases))
    untrained = f"{entry.untrained:,}" if entry.untrained else ""
    lectures = ", ".join(map(str, entry.lectures))
    return name, lectures, entry.source, f"{entry.parameters:,}", untrained


def find(name: str) -> Entry:
    """The entry of that name or alias; capitals, "-" and "_" do not matter: "ResNet-18"."""
    for spelling in (str, _with_underscores, _letters):
        for entry in _ENTRIES:
            if spelling(name) in map(spelling, (entry.name, *entry.aliases)):
                return entry
    by_letters = {_letters(known): known for known in MODELS}
    near = difflib.get_close_matches(_letters(name), by_letters, 2)
    hint = f"; do you mean {' or '.join(by_letters[k] for k in near)}?" if near else ""
    raise TinygraphError(f"there is no model {name!r}{hint}; there are {', '.join(MODELS)}")


def _with_underscores(name: str) -> str:
    return name.lower().replace("-", "_")


def _letters(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
