"""The docks: they wire views to the session of a viewer."""
