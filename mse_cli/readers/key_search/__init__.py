"""Rows matched by keys: the keys as they are held, and the index that finds them."""
