"""Tiny files of each reader of ``ragmed/knowledge/``, as its source publishes them, for the contract tests.

Each function writes into an empty folder of its own and returns the reader's ``files``. The contract tests empty each
of them, cut it and put other words in its place. The texts stand in ``tests/knowledge/*_for_tests.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.knowledge.graphs_for_tests import (
    ddxplus_files,
    hetionet_files,
    pharmacotherapydb_files,
    primekg_files,
    triples_files,
    umls_files,
)
from tests.knowledge.ontologies_for_tests import hpo_files, icd10cm_files, mesh_files, obo_files

FILES: dict[str, Callable[[Path], Mapping[str, Path]]] = {
    "ddxplus": ddxplus_files,
    "hetionet": hetionet_files,
    "hpo": hpo_files,
    "icd10cm": icd10cm_files,
    "mesh": mesh_files,
    "obo": obo_files,
    "pharmacotherapydb": pharmacotherapydb_files,
    "primekg": primekg_files,
    "triples": triples_files,
    "umls": umls_files,
}
"""Reader (the name of its file) → what writes its files."""

OPTIONS: dict[str, Mapping[str, Any]] = {}
"""Reader → options without which it cannot be made; most have none."""
