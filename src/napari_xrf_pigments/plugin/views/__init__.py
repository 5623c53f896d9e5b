"""Small widgets that show something and emit what the user wants; they know no scan."""
