"""Guided tours: texts that teach by having one type the commands oneself."""

from tinygraph.stepper.tour.catalogue import TOURS as TOURS
from tinygraph.stepper.tour.catalogue import begin as begin
from tinygraph.stepper.tour.catalogue import listing as listing
from tinygraph.stepper.tour.guide import Tour as Tour
from tinygraph.stepper.tour.script import Script as Script
from tinygraph.stepper.tour.script import ScriptError as ScriptError
from tinygraph.stepper.tour.script import Station as Station
from tinygraph.stepper.tour.script import parse as parse
