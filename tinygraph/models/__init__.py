"""Networks ready to build: `tg.models.build("classic_unet")`, or each by its own function."""

from tinygraph.models.mlp import mlp as mlp
from tinygraph.models.mlp import mlp_big as mlp_big
from tinygraph.models.mlp import mlp_small as mlp_small
from tinygraph.models.mnist_cnn import mnist_cnn as mnist_cnn
from tinygraph.models.pets_unet import pets_unet as pets_unet
from tinygraph.models.registry import MODELS as MODELS
from tinygraph.models.registry import build as build
from tinygraph.models.resnet import resnet18 as resnet18
from tinygraph.models.resnet import resnet34 as resnet34
from tinygraph.models.resnet import resnet50 as resnet50
from tinygraph.models.resnet import resnet101 as resnet101
from tinygraph.models.resnet import resnet152 as resnet152
from tinygraph.models.unet import classic_unet as classic_unet
