"""Optimizers, in Keras's words and with its defaults."""

from tinygraph.optimizers import schedules as schedules
from tinygraph.optimizers.adadelta import Adadelta as Adadelta
from tinygraph.optimizers.adagrad import Adagrad as Adagrad
from tinygraph.optimizers.adagrad import ProximalAdagrad as ProximalAdagrad
from tinygraph.optimizers.adam import Adam as Adam
from tinygraph.optimizers.adam import AdamW as AdamW
from tinygraph.optimizers.clipping import clip_by_global_norm as clip_by_global_norm
from tinygraph.optimizers.clipping import clip_by_norm as clip_by_norm
from tinygraph.optimizers.clipping import clip_by_value as clip_by_value
from tinygraph.optimizers.clipping import global_norm as global_norm
from tinygraph.optimizers.find import find_optimizer as find_optimizer
from tinygraph.optimizers.ftrl import Ftrl as Ftrl
from tinygraph.optimizers.optimizer import Optimizer as Optimizer
from tinygraph.optimizers.rmsprop import RMSprop as RMSprop
from tinygraph.optimizers.schedules import LearningRateSchedule as LearningRateSchedule
from tinygraph.optimizers.sgd import SGD as SGD

get = find_optimizer
