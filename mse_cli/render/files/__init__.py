"""Output files and folders, which appear whole or not at all."""
