"""Test reading of damaged and malicious files: each opens or gives a one-sentence error."""
