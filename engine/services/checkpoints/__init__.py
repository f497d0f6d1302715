"""Checkpoints: signed statements of how far every stream of history had come, shipped out of reach."""
