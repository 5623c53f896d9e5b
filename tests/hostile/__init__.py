"""Test reading of damaged and malicious files: each gives a scan or one plain error sentence."""
