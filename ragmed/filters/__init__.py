"""Which documents enter an index: one file per reason to leave one out."""
