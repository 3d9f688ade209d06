"""A comparison of models as text, for people and for programs."""
