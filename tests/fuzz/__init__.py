"""Fuzz the readers with random input files; a script that is not run with the tests."""
