"""One module a command: its options, and the wiring from files to text."""
