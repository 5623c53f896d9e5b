"""The opening card: what was found in the files of a scan."""
