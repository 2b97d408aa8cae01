"""REML estimation: likelihood, derivatives, the maximisation, what the data can separate."""
