"""`keras.models`: the kinds of models. Ready-made architectures are in `tinygraph.models`."""

from tinygraph.nn.model import Model as Model
from tinygraph.nn.sequential import Sequential as Sequential
from tinygraph.saving.architecture import model_from_json as model_from_json
from tinygraph.saving.file import load_model as load_model
from tinygraph.saving.file import save_model as save_model
