"""Inference: whole clips through a trained network."""
