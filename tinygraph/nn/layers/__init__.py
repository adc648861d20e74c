"""Every layer, by Keras's name. `layers.add([a, b])` and its like are Add()([a, b])."""

from tinygraph.nn.layer import Layer as Layer
from tinygraph.nn.layers.activation import ELU as ELU
from tinygraph.nn.layers.activation import Activation as Activation
from tinygraph.nn.layers.activation import LeakyReLU as LeakyReLU
from tinygraph.nn.layers.activation import Maxout as Maxout
from tinygraph.nn.layers.activation import PReLU as PReLU
from tinygraph.nn.layers.activation import ReLU as ReLU
from tinygraph.nn.layers.activation import Softmax as Softmax
from tinygraph.nn.layers.conv import Conv1D as Conv1D
from tinygraph.nn.layers.conv import Conv2D as Conv2D
from tinygraph.nn.layers.conv import Conv3D as Conv3D
from tinygraph.nn.layers.conv_transpose import Conv1DTranspose as Conv1DTranspose
from tinygraph.nn.layers.conv_transpose import Conv2DTranspose as Conv2DTranspose
from tinygraph.nn.layers.conv_transpose import Conv3DTranspose as Conv3DTranspose
from tinygraph.nn.layers.dense import Dense as Dense
from tinygraph.nn.layers.dropout import Dropout as Dropout
from tinygraph.nn.layers.dropout import GaussianDropout as GaussianDropout
from tinygraph.nn.layers.dropout import GaussianNoise as GaussianNoise
from tinygraph.nn.layers.dropout import SpatialDropout1D as SpatialDropout1D
from tinygraph.nn.layers.dropout import SpatialDropout2D as SpatialDropout2D
from tinygraph.nn.layers.dropout import SpatialDropout3D as SpatialDropout3D
from tinygraph.nn.layers.function import Lambda as Lambda
from tinygraph.nn.layers.global_pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from tinygraph.nn.layers.global_pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from tinygraph.nn.layers.global_pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from tinygraph.nn.layers.global_pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from tinygraph.nn.layers.global_pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from tinygraph.nn.layers.global_pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from tinygraph.nn.layers.local import LocallyConnected1D as LocallyConnected1D
from tinygraph.nn.layers.local import LocallyConnected2D as LocallyConnected2D
from tinygraph.nn.layers.local_response import (
    LocalResponseNormalization as LocalResponseNormalization,
)
from tinygraph.nn.layers.merge import Add as Add
from tinygraph.nn.layers.merge import Average as Average
from tinygraph.nn.layers.merge import Concatenate as Concatenate
from tinygraph.nn.layers.merge import Dot as Dot
from tinygraph.nn.layers.merge import Maximum as Maximum
from tinygraph.nn.layers.merge import Minimum as Minimum
from tinygraph.nn.layers.merge import Multiply as Multiply
from tinygraph.nn.layers.merge import Subtract as Subtract
from tinygraph.nn.layers.merge import add as add
from tinygraph.nn.layers.merge import average as average
from tinygraph.nn.layers.merge import concatenate as concatenate
from tinygraph.nn.layers.merge import dot as dot
from tinygraph.nn.layers.merge import maximum as maximum
from tinygraph.nn.layers.merge import minimum as minimum
from tinygraph.nn.layers.merge import multiply as multiply
from tinygraph.nn.layers.merge import subtract as subtract
from tinygraph.nn.layers.normalization import BatchNormalization as BatchNormalization
from tinygraph.nn.layers.normalization import LayerNormalization as LayerNormalization
from tinygraph.nn.layers.pooling import AveragePooling1D as AveragePooling1D
from tinygraph.nn.layers.pooling import AveragePooling2D as AveragePooling2D
from tinygraph.nn.layers.pooling import AveragePooling3D as AveragePooling3D
from tinygraph.nn.layers.pooling import MaxPooling1D as MaxPooling1D
from tinygraph.nn.layers.pooling import MaxPooling2D as MaxPooling2D
from tinygraph.nn.layers.pooling import MaxPooling3D as MaxPooling3D
from tinygraph.nn.layers.preprocessing import Normalization as Normalization
from tinygraph.nn.layers.preprocessing import Rescaling as Rescaling
from tinygraph.nn.layers.resizing import Cropping1D as Cropping1D
from tinygraph.nn.layers.resizing import Cropping2D as Cropping2D
from tinygraph.nn.layers.resizing import Cropping3D as Cropping3D
from tinygraph.nn.layers.resizing import UpSampling1D as UpSampling1D
from tinygraph.nn.layers.resizing import UpSampling2D as UpSampling2D
from tinygraph.nn.layers.resizing import UpSampling3D as UpSampling3D
from tinygraph.nn.layers.resizing import ZeroPadding1D as ZeroPadding1D
from tinygraph.nn.layers.resizing import ZeroPadding2D as ZeroPadding2D
from tinygraph.nn.layers.resizing import ZeroPadding3D as ZeroPadding3D
from tinygraph.nn.layers.separable import DepthwiseConv1D as DepthwiseConv1D
from tinygraph.nn.layers.separable import DepthwiseConv2D as DepthwiseConv2D
from tinygraph.nn.layers.separable import SeparableConv1D as SeparableConv1D
from tinygraph.nn.layers.separable import SeparableConv2D as SeparableConv2D
from tinygraph.nn.layers.shape import Flatten as Flatten
from tinygraph.nn.layers.shape import Identity as Identity
from tinygraph.nn.layers.shape import Permute as Permute
from tinygraph.nn.layers.shape import RepeatVector as RepeatVector
from tinygraph.nn.layers.shape import Reshape as Reshape
from tinygraph.nn.layers.unpooling import MaxUnpooling2D as MaxUnpooling2D
from tinygraph.nn.symbol import Input as Input
from tinygraph.nn.symbol import InputLayer as InputLayer

# Keras's other names of the same layers
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
Convolution2DTranspose = Conv2DTranspose
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
SeparableConvolution2D = SeparableConv2D
Upsampling2D = UpSampling2D  # lecture 5 writes it so
