"""Test failures while the program runs, such as a full disk or a killed process."""
