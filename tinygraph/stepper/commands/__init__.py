"""The stepper's commands, a file for each group; every file here enters its own in the table."""

import pkgutil
from importlib import import_module

from tinygraph.stepper.commands.answer import Answer as Answer
from tinygraph.stepper.commands.table import COMMANDS as COMMANDS
from tinygraph.stepper.commands.table import Command as Command
from tinygraph.stepper.commands.table import CommandError as CommandError
from tinygraph.stepper.commands.table import command as command
from tinygraph.stepper.commands.table import find_command as find_command

for _module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
