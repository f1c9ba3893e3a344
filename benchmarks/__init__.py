"""Benchmarks: `make bench`, or `python -m benchmarks NAME`, with the names of `__main__`."""
