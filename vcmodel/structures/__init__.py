"""Covariance structures: small dense matrices as functions of few parameters, one family per file."""
