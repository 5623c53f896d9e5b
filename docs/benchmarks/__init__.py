"""Benchmarks: ``python -m docs.benchmarks``, which ``tox -e bench`` calls."""
