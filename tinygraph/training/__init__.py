"""Training: what `model.compile` and `model.fit` do."""

from tinygraph.training.resume import Resume as Resume
from tinygraph.training.trainer import Trainer as Trainer
