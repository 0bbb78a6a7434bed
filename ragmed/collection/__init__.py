"""A source made ready: read once, kept in columns, cared for."""
