"""What pictures are made of: bins, and some rows drawn by their number."""
