"""Losses: how far a prediction is from the target. Names and argument order are Keras's.

Functions give one number for each example or pixel; classes give the batch's mean. A new loss
is a subclass of `Loss`, wherever it stands.
"""

from tinygraph.losses.base import FunctionLoss as FunctionLoss
from tinygraph.losses.base import Loss as Loss
from tinygraph.losses.base import Mixture as Mixture
from tinygraph.losses.binary import BinaryCrossentropy as BinaryCrossentropy
from tinygraph.losses.binary import binary_crossentropy as binary_crossentropy
from tinygraph.losses.categorical import CategoricalCrossentropy as CategoricalCrossentropy
from tinygraph.losses.categorical import (
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
)
from tinygraph.losses.categorical import categorical_crossentropy as categorical_crossentropy
from tinygraph.losses.categorical import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from tinygraph.losses.divergence import Dice as Dice
from tinygraph.losses.divergence import KLDivergence as KLDivergence
from tinygraph.losses.divergence import dice as dice
from tinygraph.losses.divergence import kl_divergence as kl_divergence
from tinygraph.losses.find import find_loss as find_loss
from tinygraph.losses.margin import Hinge as Hinge
from tinygraph.losses.margin import Logistic as Logistic
from tinygraph.losses.margin import SquaredHinge as SquaredHinge
from tinygraph.losses.margin import hinge as hinge
from tinygraph.losses.margin import logistic as logistic
from tinygraph.losses.margin import squared_hinge as squared_hinge
from tinygraph.losses.regression import Huber as Huber
from tinygraph.losses.regression import MeanAbsoluteError as MeanAbsoluteError
from tinygraph.losses.regression import MeanSquaredError as MeanSquaredError
from tinygraph.losses.regression import PseudoHuber as PseudoHuber
from tinygraph.losses.regression import huber as huber
from tinygraph.losses.regression import mean_absolute_error as mean_absolute_error
from tinygraph.losses.regression import mean_squared_error as mean_squared_error
from tinygraph.losses.regression import pseudo_huber as pseudo_huber

mse = mean_squared_error
mae = mean_absolute_error
kld = kl_divergence
bce = binary_crossentropy
get = find_loss
