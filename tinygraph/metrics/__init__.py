"""Metrics: how good predictions are, added up over batches. Names are Keras's.

A new metric is a subclass of `Metric` (or `MeanMetric`), wherever it stands.
"""

from tinygraph.metrics.accuracy import Accuracy as Accuracy
from tinygraph.metrics.accuracy import BinaryAccuracy as BinaryAccuracy
from tinygraph.metrics.accuracy import CategoricalAccuracy as CategoricalAccuracy
from tinygraph.metrics.accuracy import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from tinygraph.metrics.accuracy import (
    SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
)
from tinygraph.metrics.accuracy import TopKCategoricalAccuracy as TopKCategoricalAccuracy
from tinygraph.metrics.base import FunctionMetric as FunctionMetric
from tinygraph.metrics.base import LossMetric as LossMetric
from tinygraph.metrics.base import MeanMetric as MeanMetric
from tinygraph.metrics.base import Metric as Metric
from tinygraph.metrics.base import mean_statistics as mean_statistics
from tinygraph.metrics.curve import AUC as AUC
from tinygraph.metrics.find import find_metric as find_metric
from tinygraph.metrics.overlap import BinaryIoU as BinaryIoU
from tinygraph.metrics.overlap import Dice as Dice
from tinygraph.metrics.overlap import F1Score as F1Score
from tinygraph.metrics.overlap import IoU as IoU
from tinygraph.metrics.overlap import MeanIoU as MeanIoU
from tinygraph.metrics.overlap import Precision as Precision
from tinygraph.metrics.overlap import Recall as Recall
from tinygraph.metrics.regression import MeanAbsoluteError as MeanAbsoluteError
from tinygraph.metrics.regression import MeanSquaredError as MeanSquaredError
from tinygraph.metrics.regression import RootMeanSquaredError as RootMeanSquaredError

get = find_metric
