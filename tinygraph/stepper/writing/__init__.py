"""How numbers and lines are written: in few characters, and in which colours."""
