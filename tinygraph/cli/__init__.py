"""The command line: `tinygraph`, or `python -m tinygraph`."""

from tinygraph.cli.main import main as main
