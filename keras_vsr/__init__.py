"""Video super-resolution networks of 2019 to 2021, side by side in Keras 3."""

__version__ = "0.5.0"
