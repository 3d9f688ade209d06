"""The arithmetic: blocks of rows, exact sums, what is kept on the way, results, and the loss on arrays."""
