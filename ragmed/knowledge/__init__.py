"""Sources of a knowledge graph, one file each: a reader of the format in which the source is published."""
