"""A result as text, a file a format."""
