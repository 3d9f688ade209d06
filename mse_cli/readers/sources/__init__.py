"""Where bytes come from: files, pipes, addresses, archives; and what they are by their first bytes."""
