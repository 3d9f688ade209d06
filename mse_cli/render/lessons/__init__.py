"""An explanation as text, a file a format."""
