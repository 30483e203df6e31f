"""The networks of 2018 to 2021 by hand in native PyTorch: baselines for numbers and for speed.

Nothing here imports Keras, or the networks, layers and training of `keras_vsr`.
"""
