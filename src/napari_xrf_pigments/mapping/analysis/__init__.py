"""Analysis of finished maps: map algebra and agreement between maps."""
