"""One element of an op as the scalar gates that compute it."""
