"""Bruker containers: hypermaps (.bcf), spectra (.spx) and handheld files (.pdz)."""
