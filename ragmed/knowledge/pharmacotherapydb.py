"""PharmacotherapyDB 1.0: which drugs treat which diseases, as three physicians judged what four resources list.

Source: Himmelstein et al. 2016, "PharmacotherapyDB 1.0: the open catalog of drug therapies for disease"
(doi:10.6084/m9.figshare.3103054); https://github.com/dhimmel/indications, ``catalog/``: ``indications.tsv``,
``drugs.tsv``, ``diseases.tsv``. Its categories:

- DM, disease modifying: ``treats``.
- SYM, symptomatic: ``relieves``.
- NOT, a non-indication, neither of the two: both ``treats`` and ``relieves``, negated. It says nothing of harm.

The catalog goes by how a drug works, not by whether it should be given: it holds indications that are rarely used for
their risks. ``basis`` says how many of the curators first chose the category, and how many of the resources list the
pair; that is no probability, so ``confidence`` stays 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.errors import DamagedFile
from ragmed.knowledge._text import table
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Node, NodeKind

_COUNTS = ("DM", "SYM", "NOT", "total")
_INDICATIONS = ("doid_id", "drugbank_id", "disease", "drug", "category", "n_curators", "n_resources")
_CATEGORIES = {"DM": ("treats",), "SYM": ("relieves",), "NOT": ("treats", "relieves")}


@dataclass(frozen=True)
class PharmacotherapyDB:
    """Drugs, diseases, then indications, in the order of the files."""

    files: Mapping[str, Path]
    source: str = "pharmacotherapydb"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Edge]:
        yield from self._nodes("drugs", ("drugbank_id", "drug"), "drug")
        yield from self._nodes("diseases", ("doid_id", "disease"), "disease")
        n = 0
        for doid, drugbank, _, _, category, curators, resources in table(self.files["indications"], _INDICATIONS):
            n += 1
            predicates = _CATEGORIES.get(category)
            if predicates is None or not doid or not drugbank:
                self.report.skip("indication without a known category and two ids", f"row {n:,}")
                continue
            for predicate in predicates:
                yield Edge(
                    f"DrugBank:{drugbank}",
                    predicate,
                    doid,
                    self.source,
                    negated=category == "NOT",
                    basis=f"{curators} of 3 curators, {resources} of 4 resources",
                )
        if not n:
            raise DamagedFile(f"{self.files['indications']}: a heading without rows; the file is cut")

    def release(self) -> str:
        return ""

    def _nodes(self, file: str, columns: tuple[str, str], kind: NodeKind) -> Iterator[Node]:
        n = 0
        for identifier, name, *_ in table(self.files[file], (*columns, *_COUNTS)):
            n += 1
            if not identifier or not name:
                self.report.skip(f"{kind} without an id and a name", f"row {n:,}")
            elif kind == "drug":
                url = f"https://go.drugbank.com/drugs/{identifier}"
                yield Node(f"DrugBank:{identifier}", name, kind, self.source, url=url)
            else:
                url = f"https://purl.obolibrary.org/obo/{identifier.replace(':', '_')}"
                yield Node(identifier, name, kind, self.source, url=url)
        if not n:
            raise DamagedFile(f"{self.files[file]}: a heading without rows; the file is cut")


COMPONENT: type[Knowledge] = PharmacotherapyDB
