"""Data: sets that come with tinygraph or that you have, and batches of them."""

from tinygraph.data.batches import Batches as Batches
from tinygraph.data.shipped import Nuclei as Nuclei
from tinygraph.data.shipped import Split as Split
from tinygraph.data.shipped import nuclei as nuclei
