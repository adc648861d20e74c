"""The numpy backend, the reference for the others: it walks the graph, op by op."""

from tinygraph_numpy.walk import NumpyBackend

backend = NumpyBackend()
