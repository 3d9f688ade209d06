"""Results of parts as JSON, added up."""
