"""What the benchmark times: networks on each backend, and what the machine can do at most.

`library_*` are three modules with the same functions, one for each library; `*_network` are three
classes with the same methods, one for each way of writing a network. Each is imported only by a
process that uses it.
"""
