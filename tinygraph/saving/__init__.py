"""Whole models in files: what they are made of as JSON, and their numbers as safetensors.

Nothing in a file is executed or imported: a file names classes and functions, and they are looked
up among those that are there already.
"""
