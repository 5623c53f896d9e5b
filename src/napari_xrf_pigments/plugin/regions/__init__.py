"""The region table: statistics of maps in drawn regions."""
