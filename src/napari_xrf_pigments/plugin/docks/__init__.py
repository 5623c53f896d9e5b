"""The base classes of all docks, and the docks in the window of a viewer."""
