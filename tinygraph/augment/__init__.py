"""Augmentation: more training images out of those there are.

A transformation is called with an image, its mask or None, and random numbers, and gives a changed
pair: so `tg.data.Batches(x, y, augment=...)` takes one, or a `Compose` of several, or any function
of the same form.

    augment = Compose([Flip(), Rotate(15), LocalWarp(), Colour(brightness=0.1)])
    image, mask = augment(image, mask, np.random.default_rng(0))

Images are [H,W] or [H,W,C], masks [H,W] or [H,W,K] of any dtype; both keep their dtype, and an
image its range of values. How far a transformation goes is drawn anew for each image: where a
number a is asked for, between -a and a; where a pair, between its two ends.
"""

from tinygraph.augment.base import Transformation as Transformation
from tinygraph.augment.colour import Colour as Colour
from tinygraph.augment.colour import Noise as Noise
from tinygraph.augment.compose import Compose as Compose
from tinygraph.augment.compose import Sometimes as Sometimes
from tinygraph.augment.crop import Crop as Crop
from tinygraph.augment.geometry import Flip as Flip
from tinygraph.augment.geometry import Geometric as Geometric
from tinygraph.augment.geometry import QuarterTurn as QuarterTurn
from tinygraph.augment.geometry import Rotate as Rotate
from tinygraph.augment.geometry import Shear as Shear
from tinygraph.augment.geometry import Translate as Translate
from tinygraph.augment.geometry import Zoom as Zoom
from tinygraph.augment.warp import LocalWarp as LocalWarp
