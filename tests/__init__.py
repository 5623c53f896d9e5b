"""Tests; the folders mirror those of the package, but for four that test the program as a whole.

Those four are ``trust`` (safe to run), ``hostile`` (damaged and malicious files), ``faults``
(failures while the program runs) and ``fuzz`` (random search for hostile files).
"""
