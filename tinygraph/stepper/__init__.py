"""Walking a graph gate by gate, forward, backward and back in time."""
