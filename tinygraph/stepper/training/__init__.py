"""Training that stops in the stepper."""
