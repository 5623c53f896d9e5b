"""PMCA text files (.mca): single spectra, and folders with one file per pixel."""
