"""Outputs: what may be replaced, locks, and files that appear whole or not at all."""
