"""The whitened mixed-model equations of a design."""
