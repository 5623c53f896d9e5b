from importlib import metadata

project = "napari-xrf-pigments"
author = "The napari-xrf-pigments developers"
copyright = f"2026, {author}"
release = metadata.version("napari-xrf-pigments")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "speed_tables.md"]
html_title = project
