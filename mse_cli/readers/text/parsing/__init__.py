"""A piece of text as numbers: by the strict parser, or by a faster one where that reads the same."""
