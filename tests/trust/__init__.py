"""Test that the program opens no connection, runs no code from files, and patches no package."""
