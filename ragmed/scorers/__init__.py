"""Judges of documents, for the filters that keep the better ones: one file each."""
