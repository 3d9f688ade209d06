"""Text files: their layout, their pieces, how many rows they hold."""
