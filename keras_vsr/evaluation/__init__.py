"""Evaluation: scores beside interpolation, and what a network costs."""
