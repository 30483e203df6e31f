"""The 2019 programs in plain TensorFlow: what the suite's networks and training are held against.

Networks, data pipeline, optimizer and training loop are written with `tf.Variable` and `tf.nn`
alone, so that nothing of Keras can make both sides wrong in one way. What the programs did against
their own description is off by default, and a switch each in `legacy_tf.errata`.
"""
