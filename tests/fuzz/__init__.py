"""Search at random for input files that break the readers; a script, not run with the tests."""
