"""Benchmarks: `make bench`, or `python -m tests.bench NAME` with a name of `__main__`."""
