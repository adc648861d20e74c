"""The circuit around a gate, drawn with characters or said in sentences."""
