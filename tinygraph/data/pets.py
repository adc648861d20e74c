"""The Oxford-IIIT pets, from the two archives that the user has unpacked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinygraph.data.examples import Examples
from tinygraph.data.folders import read_pairs
from tinygraph.data.pictures import Size, image_files, need_pillow
from tinygraph.data.places import missing, place_of
from tinygraph.errors import DataError

__all__ = ["oxford_pets"]

GET = (
    "get images.tar.gz (MD5 5c4f3ee8e5d25df40f4fd59a7f44e54c) and annotations.tar.gz (MD5 "
    "95a8c909bbe2e81eed6a22bccdf3f68f) from https://www.robots.ox.ac.uk/~vgg/data/pets/, unpack "
    "the folders images/ and annotations/"
)
CLASSES = ("pet", "background", "outline")
COUNT = 7390


def oxford_pets(
    path: str | Path | None = None,
    size: Size = 160,
    limit: int | None = None,
    seed: int = 0,
    verify: bool = True,
) -> Examples:
    """7,390 photographs of cats and dogs with a mask each.

    x uint8 [N,H,W,3]; y uint8 [N,H,W]: 0 pet, 1 background, 2 outline, one less than in the files.
    `limit` takes so many only, drawn by chance from all breeds with `seed`; `tg.data.split` sets
    some aside.

    Nothing is downloaded. The folders images/ and annotations/trimaps/ must lie in
    ~/.local/share/tinygraph/oxford_pets (elsewhere where the system is not Linux: the error for
    missing files says where) or in the folder `path`. They are published, as images.tar.gz and
    annotations.tar.gz, at https://www.robots.ox.ac.uk/~vgg/data/pets/ under CC BY-SA 4.0.
    `verify=False` takes any number of pairs. A `DataError` for missing or damaged files. Needs
    Pillow.

    Source: Parkhi, Vedaldi, Zisserman and Jawahar, "Cats and dogs" (2012).
    """
    need_pillow()
    folder = place_of("oxford_pets", path)
    images, trimaps = folder / "images", folder / "annotations" / "trimaps"
    lacks = [f"{p.relative_to(folder)}/" for p in (images, trimaps) if not p.is_dir()]
    if lacks:
        raise missing("Oxford-IIIT pets", folder, lacks, GET, path is not None)
    photographs = {p.stem: p for p in image_files(images)}
    files = [(photographs[p.stem], p) for p in image_files(trimaps) if p.stem in photographs]
    if not files or (verify and len(files) != COUNT):
        raise DataError(
            f"{folder} is not whole: Oxford-IIIT pets has {COUNT} images with a trimap, there are "
            f"{len(files)}; unpack both archives again" + (", or verify=False" if files else "")
        )
    if limit is not None:
        if not 0 < limit <= len(files):
            raise DataError(f"limit must be from 1 to {len(files)}, got {limit}")
        chosen = np.random.default_rng(seed).permutation(len(files))[:limit]
        files = [files[k] for k in sorted(chosen)]
    x, y = read_pairs([image for image, _ in files], [mask for _, mask in files], size, 3)
    if y.min() < 1 or y.max() > 3:
        raise DataError(
            f"a trimap in {trimaps} holds {y.min()} to {y.max()}, but it should be 1 to 3"
        )
    return Examples(x, y - np.uint8(1), CLASSES)
