"""Small convolutions shown as the matrices that they are."""

from tinygraph.matrices.im2col import Im2col as Im2col
from tinygraph.matrices.im2col import im2col as im2col
from tinygraph.matrices.layer_matrix import LayerMatrix as LayerMatrix
from tinygraph.matrices.toeplitz import toeplitz as toeplitz
