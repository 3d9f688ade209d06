"""What a cell of a text file means, and where it begins and ends."""
