"""Gradients: from a graph to the graph of its gradients, and what users call."""

from tinygraph.grad.reverse import Differentiated as Differentiated
from tinygraph.grad.reverse import Sent as Sent
from tinygraph.grad.reverse import gradients as gradients
from tinygraph.grad.reverse import noticed_gradients as noticed_gradients
from tinygraph.grad.reverse import reaching as reaching
from tinygraph.grad.tensors import backward as backward
from tinygraph.grad.tensors import grad as grad
from tinygraph.grad.why import why as why
