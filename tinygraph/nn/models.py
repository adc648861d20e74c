"""`keras.models`: the kinds of models. Ready-made architectures are in `tinygraph.models`."""

from tinygraph.nn.model import Model as Model
from tinygraph.nn.sequential import Sequential as Sequential
