"""From what the user names (paths, globs, standard input) to blocks of prediction, target and weights."""
