"""The model language: text to a syntax tree, and the tree to terms. No data here, and user text is never evaluated."""
