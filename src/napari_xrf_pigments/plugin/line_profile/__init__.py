"""Values of maps along a drawn line."""
