"""A backend that fails when it is imported."""

backend = [].pop()
