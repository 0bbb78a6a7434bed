"""Where the work of a build is done: on this machine, or on the machines of a Ray cluster.

A build is cut into shards, and what is done to a shard is a pure function (`ragmed.index.engines.steps`). An engine
runs these functions, here and now (`ragmed.index.engines.local`) or anywhere (`ragmed.index.engines.ray`); the rest of
the build, and every byte of its result, is the same with each.
"""
