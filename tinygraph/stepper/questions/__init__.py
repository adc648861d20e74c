"""What can be asked of a run: why, from where, is it right, what if."""
