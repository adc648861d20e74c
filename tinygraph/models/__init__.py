"""Networks ready to build: `tg.models.build("classic_unet")`, or each by its own function."""

from tinygraph.models.mlp import mlp as mlp
from tinygraph.models.mlp import mlp_big as mlp_big
from tinygraph.models.mlp import mlp_small as mlp_small
from tinygraph.models.mnist_cnn import mnist_cnn as mnist_cnn
from tinygraph.models.registry import MODELS as MODELS
from tinygraph.models.registry import build as build
from tinygraph.models.unet import classic_unet as classic_unet
