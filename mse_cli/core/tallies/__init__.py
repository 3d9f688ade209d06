"""What is computed as the blocks pass: fed block by block, mergeable in the order of the rows."""
