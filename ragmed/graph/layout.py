"""A knowledge graph on disk: columns of nodes, and statements as compressed sparse rows, all memory-mapped.

    nodes/        a `Table` of nodes; ``name.bin/.npy``, ``name_kind.npy`` (uint8): the names of all nodes, each node's
                  own first; ``first_name.npy`` (uint32, one more than nodes)
    ids/          ``id.bin/.npy``, ``id_row.npy`` (int64): every id that means a node, retired ones too, and the node's
                  row (-1: none takes its place); ``id_kind.npy`` (uint8) into ``ID_KINDS``; ``hash.npy``,
                  ``hash_row.npy`` (`HashedStrings`)
    edges/        one entry an edge, edges of a subject one after another: ``start.npy`` (int64, one more than nodes),
                  ``subject.npy``, ``object.npy`` (uint32), ``predicate.npy`` (uint8), ``negated.npy`` (bool),
                  ``frequency.npy`` (float32, NaN: not given), ``n_present.npy``, ``n_examined.npy`` (uint32),
                  ``confidence.npy`` (float32), ``onset.npy`` (int32, -1: none), ``sex.npy`` (uint8),
                  ``provenance.npy`` (uint32) into the `Table` below ``provenance/``
    into/         the same edges by object: ``start.npy`` (int64), ``edge.npy`` (uint32, numbers of edges)
    graph.json    predicates, and what the sources are

Rows of nodes are in the order in which the sources give them. Where two sources give one id, the node is the first's,
with the names of both.
"""

from __future__ import annotations

from typing import Literal, get_args

from ragmed.types import NameKind, NodeKind

IdKind = Literal["current", "retired", "same"]
"""What an id is to its node: its own; one that is no longer used; one by which another source knows it."""
ID_KINDS: tuple[IdKind, ...] = get_args(IdKind)
NODE_KINDS: tuple[NodeKind, ...] = get_args(NodeKind)
NAME_KINDS: tuple[NameKind, ...] = get_args(NameKind)
SEXES = ("", "female", "male")
NODE_STRINGS, NODE_CODES = ("node_id", "definition", "url", "same_as"), ("kind", "source")
PROVENANCE_STRINGS, PROVENANCE_CODES = ("evidence", "quote", "date"), ("source", "basis")
EDGE_COLUMNS = {
    "subject": "uint32",
    "object": "uint32",
    "predicate": "uint8",
    "negated": "bool",
    "frequency": "float32",
    "n_present": "uint32",
    "n_examined": "uint32",
    "confidence": "float32",
    "onset": "int32",
    "sex": "uint8",
    "provenance": "uint32",
}
BETWEEN = "; "
"""Between several ids in one string."""
