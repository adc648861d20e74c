"""The loop language: equations (what one element is) and loop IR (in which order they are
computed)."""
