"""Data without Keras: clips, degradations, generated climate, images and video files."""
