"""Weights: their first values, from NumPy."""
