"""Every layer, by Keras's name."""

from tinygraph.nn.layer import Layer as Layer
from tinygraph.nn.layers.activation import Activation as Activation
from tinygraph.nn.layers.activation import ReLU as ReLU
from tinygraph.nn.layers.activation import Softmax as Softmax
from tinygraph.nn.layers.conv import Conv2D as Conv2D
from tinygraph.nn.layers.conv import Conv2DTranspose as Conv2DTranspose
from tinygraph.nn.layers.dense import Dense as Dense
from tinygraph.nn.layers.dropout import Dropout as Dropout
from tinygraph.nn.layers.function import Lambda as Lambda
from tinygraph.nn.layers.local_response import (
    LocalResponseNormalization as LocalResponseNormalization,
)
from tinygraph.nn.layers.normalization import BatchNormalization as BatchNormalization
from tinygraph.nn.layers.pooling import AveragePooling2D as AveragePooling2D
from tinygraph.nn.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from tinygraph.nn.layers.pooling import MaxPooling2D as MaxPooling2D
from tinygraph.nn.layers.pooling import UpSampling2D as UpSampling2D
from tinygraph.nn.layers.shape import Add as Add
from tinygraph.nn.layers.shape import Concatenate as Concatenate
from tinygraph.nn.layers.shape import Flatten as Flatten
from tinygraph.nn.layers.shape import Reshape as Reshape
from tinygraph.nn.symbol import Input as Input
