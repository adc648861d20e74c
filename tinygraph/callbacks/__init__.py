"""Callbacks: what happens during training besides it, in Keras's words."""

from tinygraph.callbacks.callback import Callback as Callback
from tinygraph.callbacks.callback_list import CallbackList as CallbackList
from tinygraph.callbacks.csv_logger import CSVLogger as CSVLogger
from tinygraph.callbacks.early_stopping import EarlyStopping as EarlyStopping
from tinygraph.callbacks.history import History as History
from tinygraph.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from tinygraph.callbacks.learning_rate import LearningRateScheduler as LearningRateScheduler
from tinygraph.callbacks.learning_rate import ReduceLROnPlateau as ReduceLROnPlateau
from tinygraph.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from tinygraph.callbacks.monitor import Monitor as Monitor
from tinygraph.callbacks.tensorboard import TensorBoard as TensorBoard
from tinygraph.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN
