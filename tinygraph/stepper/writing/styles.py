"""The colours of the stepper, those of drawings: values blue, gradients red-brown.

Nothing is said by a colour alone.
"""

VALUE = "#5f87d7"
GRADIENT = "#d7875f"
"""As light as is readable on a dark and on a light background."""
WIRE = ""
DIM = "dim"
NAME = "bold"
CURRENT = "reverse"
