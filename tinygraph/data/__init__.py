"""Data: sets that come with tinygraph or that you have, and batches of them."""

from tinygraph.data.batches import Batches as Batches
from tinygraph.data.batches import sample_rng as sample_rng
from tinygraph.data.examples import Examples as Examples
from tinygraph.data.examples import TrainTest as TrainTest
from tinygraph.data.examples import TrainValidationTest as TrainValidationTest
from tinygraph.data.folders import image_folder as image_folder
from tinygraph.data.idx import read_idx as read_idx
from tinygraph.data.mnist_files import fashion_mnist as fashion_mnist
from tinygraph.data.mnist_files import mnist as mnist
from tinygraph.data.pets import oxford_pets as oxford_pets
from tinygraph.data.shipped import Nuclei as Nuclei
from tinygraph.data.shipped import Split as Split
from tinygraph.data.shipped import digits as digits
from tinygraph.data.shipped import fashion_mini as fashion_mini
from tinygraph.data.shipped import nuclei as nuclei
from tinygraph.data.splitting import split as split
from tinygraph.data.synthetic import smiley_rings as smiley_rings
from tinygraph.data.synthetic import smileys as smileys
