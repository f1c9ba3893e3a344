"""Benchmarks: `make bench`, or `python -m benchmarks NAME` with a name of `__main__`."""
