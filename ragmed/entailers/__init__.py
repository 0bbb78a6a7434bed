"""Whether a text says a statement: one file each."""
