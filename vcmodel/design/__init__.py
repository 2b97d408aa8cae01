"""The design of a model: data frame, fixed and random columns, residual layout, relationships."""
