"""Test that the program opens no connection, runs no code from files, changes no other program."""
