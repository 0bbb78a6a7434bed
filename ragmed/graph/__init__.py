"""The knowledge graph: how it lies on disk, how names are linked to it, and what is computed over it."""
