"""What a terminal can show: characters, colour, width, progress."""
