"""Benchmarks: `make bench`, or `python -m tests.bench [stages|matching|extraction]`."""
