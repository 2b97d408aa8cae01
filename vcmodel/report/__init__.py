"""Text and HTML made of the tables of :mod:`vcmodel.results`; nothing is computed here."""
