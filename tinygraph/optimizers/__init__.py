"""Optimizers, in Keras's words and with its defaults."""

from tinygraph.optimizers.adam import Adam as Adam
from tinygraph.optimizers.optimizer import Optimizer as Optimizer
from tinygraph.optimizers.sgd import SGD as SGD
