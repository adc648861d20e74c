"""What a step does: in the lecture's word, as a formula, with the numbers put in."""
