"""Readers of scan file formats, one module or folder for each family."""
