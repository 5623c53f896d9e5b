"""Small widgets used by several features."""
