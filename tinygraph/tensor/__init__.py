"""Tensors and parameters: light handles on graph nodes, with operators."""

from tinygraph.tensor.handle import Tensor as Tensor
from tinygraph.tensor.handle import as_tensor as as_tensor
from tinygraph.tensor.handle import from_array as from_array
from tinygraph.tensor.handle import handles_of as handles_of
from tinygraph.tensor.handle import node_of as node_of
from tinygraph.tensor.handle import operands as operands
from tinygraph.tensor.handle import wrap as wrap
from tinygraph.tensor.parameter import Parameter as Parameter
from tinygraph.tensor.parameter import arrays_of as arrays_of
from tinygraph.tensor.parameter import assign as assign
from tinygraph.tensor.parameter import bind as bind
