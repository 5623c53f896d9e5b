"""``xrf-pigments cache``: converted copies of scans that are slow to read."""
