"""What is searched for a question: one file per way to rewrite it."""
