"""How each method is made for a test: one that wants a graph is given a small one."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from ragmed import catalog
from ragmed.graph.store import Graph
from ragmed.protocols import Method
from tests.graph_for_tests import graph_of, small_hpo


@lru_cache(1)
def small_graph() -> Graph:
    """The graph of `tests.graph_for_tests.small_hpo`: it knows nothing of insulin, glucose or fever."""
    return graph_of(Path(tempfile.mkdtemp(prefix="ragmed-graph-")), small_hpo())


def made(name: str) -> Method:
    """The method of that name with its default options, ready to answer."""
    # `catalog.make` leaves out what a component does not declare.
    method: Method = catalog.make("methods", name, "test", graph=small_graph())
    return method
