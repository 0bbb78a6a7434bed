"""Evidence in a better order: one file per way to rerank it."""
