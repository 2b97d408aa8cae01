"""Sparse linear algebra with a fixed pattern: arrays in, arrays out, no statistics."""
