"""Training: recipes, the order of samples, the loop, its checkpoints."""
