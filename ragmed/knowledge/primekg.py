"""PrimeKG, the Precision Medicine Knowledge Graph: diseases, findings, drugs, genes and more from 20 resources.

Source: Chandak, Huang & Zitnik 2023, "Building a knowledge graph to enable precision medicine" (Scientific Data 10:67);
https://doi.org/10.7910/DVN/IXA7BM, ``kg.csv``. How it is made: ``knowledge_graph/build_graph.ipynb`` at
https://github.com/mims-harvard/PrimeKG. Each of its 4,050,249 edges stands in it twice, from x to y, then, after all
edges, from y to x. One is kept:

- between different types, that from the subject's type;
- between equals (``interacts_with``, and stressors and their markers), that from the node of lower number;
- parent-child: the one that comes first, for the second has the same label: the parent comes first in it, but the child
  in that of anatomy. One that first comes after the reversed edges have begun is left out, its direction being unknown.

A file in which an edge stands in one direction only is cut or altered: `DamagedFile`, at its end.

Diseases that PrimeKG grouped by the likeness of their names are one node of its own, ``MONDO_grouped:`` with the first
member's number, for what is said of the group need not hold of each member; the members are ``grouped_in`` it, which a
graph that holds MONDO too joins. ``basis`` is the edge's label. Some edges of ``phenotype present`` are HPO's hierarchy
(between a finding and one that MONDO has as a disease), which the file does not tell apart; ``indication`` does not say
whether a drug modifies a disease or relieves it, and is ``treats``.

Memory: a number and an id for each node (129,375), and each parent-child pair; not the edges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from ragmed.errors import DamagedFile
from ragmed.knowledge._text import table
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Node, NodeKind

_COLUMNS = (
    "relation", "display_relation", "x_index", "x_id", "x_type", "x_name", "x_source",
    "y_index", "y_id", "y_type", "y_name", "y_source",
)  # fmt: skip
_GENE, _FINDING, _DISEASE, _DRUG, _ANATOMY = "gene/protein", "effect/phenotype", "disease", "drug", "anatomy"
_PROCESS, _FUNCTION, _COMPONENT = "biological_process", "molecular_function", "cellular_component"
_KINDS: Mapping[str, NodeKind] = {
    _GENE: "gene",
    _FINDING: "finding",
    _DISEASE: "disease",
    _DRUG: "drug",
    _ANATOMY: "anatomy",
    _PROCESS: "other",
    _FUNCTION: "other",
    _COMPONENT: "other",
    "exposure": "other",
    "pathway": "other",
}
_PREFIXES = {
    "NCBI": ("NCBIGene:", 0),
    "DrugBank": ("DrugBank:", 0),
    "MONDO": ("MONDO:", 7),
    "HPO": ("HP:", 7),
    "GO": ("GO:", 7),
    "UBERON": ("UBERON:", 7),
    "REACTOME": ("Reactome:", 0),
    "CTD": ("MESH:", 0),
}
"""Source of a node → prefix of its id, and the digits to which it is filled up. CTD's are MeSH's."""
_GROUPED = "MONDO_grouped"


class _Relation(NamedTuple):
    """How a relation is read. ``subject`` is the type of node that it is said of; empty where both are of one type."""

    predicate: str
    subject: str = ""
    negated: bool = False
    first: Literal["", "parent", "child"] = ""


_IS_A = _Relation("is_a", first="parent")
_RELATIONS: Mapping[str, _Relation] = {
    "anatomy_anatomy": _Relation("is_a", first="child"),
    "anatomy_protein_absent": _Relation("expressed_in", _GENE, negated=True),
    "anatomy_protein_present": _Relation("expressed_in", _GENE),
    "bioprocess_bioprocess": _IS_A,
    "bioprocess_protein": _Relation("participates_in", _GENE),
    "cellcomp_cellcomp": _IS_A,
    "cellcomp_protein": _Relation("participates_in", _GENE),
    "contraindication": _Relation("contraindicated_in", _DRUG),
    "disease_disease": _IS_A,
    "disease_phenotype_negative": _Relation("has_finding", _DISEASE, negated=True),
    "disease_phenotype_positive": _Relation("has_finding", _DISEASE),
    "disease_protein": _Relation("associated_with", _DISEASE),
    "drug_drug": _Relation("interacts_with"),
    "drug_effect": _Relation("causes", _DRUG),
    "drug_protein": _Relation("", _DRUG),
    "exposure_bioprocess": _Relation("interacts_with", "exposure"),
    "exposure_cellcomp": _Relation("interacts_with", "exposure"),
    "exposure_disease": _Relation("associated_with", "exposure"),
    "exposure_exposure": _Relation("associated_with"),
    "exposure_molfunc": _Relation("interacts_with", "exposure"),
    "exposure_protein": _Relation("interacts_with", "exposure"),
    "indication": _Relation("treats", _DRUG),
    "molfunc_molfunc": _IS_A,
    "molfunc_protein": _Relation("participates_in", _GENE),
    "off-label use": _Relation("off_label_for", _DRUG),
    "pathway_pathway": _Relation("part_of", first="parent"),
    "pathway_protein": _Relation("participates_in", _GENE),
    "phenotype_phenotype": _IS_A,
    "phenotype_protein": _Relation("associated_with", _FINDING),
    "protein_protein": _Relation("interacts_with"),
}
_OF_DRUG_AND_PROTEIN = {
    "carrier": "has_carrier",
    "enzyme": "has_enzyme",
    "target": "has_target",
    "transporter": "has_transporter",
}
_BOTH_WAYS = "disease_phenotype_positive"
"""The one relation between two types whose edges come in either direction from the first."""


@dataclass(frozen=True)
class PrimeKG:
    """Edges in the order of the file, each node before the first of its edges."""

    files: Mapping[str, Path]
    source: str = "primekg"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Edge]:
        path, report, source = self.files["kg.csv"], self.report, self.source
        ids: dict[str, str] = {}
        hierarchy: set[int] = set()
        first_types: dict[str, str] = {}
        unmatched: Counter[str] = Counter()
        reversed_rows = False
        n = 0
        for row in table(path, _COLUMNS, ",", quoted=True):
            n += 1
            relation, label, x_number, x_id, x_type, x_name, x_source, y_number, y_id, y_type, y_name, y_source = row
            known = _RELATIONS.get(relation)
            predicate = known and (known.predicate or _OF_DRUG_AND_PROTEIN.get(label))
            if known is None or not predicate:
                report.skip("unknown relation", f"{relation}, {label}")
                continue
            try:
                x, y = int(x_number), int(y_number)
            except ValueError:
                raise DamagedFile(f"{path}, row {n:,}: {x_number!r} or {y_number!r} is no number") from None
            if x == y:
                report.skip("edge from a node to itself", relation)
                continue
            if known.subject:
                if relation != _BOTH_WAYS and first_types.setdefault(relation, x_type) != x_type:
                    reversed_rows = True
                if (x_type == known.subject) == (y_type == known.subject):
                    report.skip("edge between other types than its relation's", f"{relation}, {x_type}, {y_type}")
                    continue
                kept = x_type == known.subject
            elif known.first:
                pair = (x << 32 | y) if x < y else (y << 32 | x)
                if pair in hierarchy:
                    continue
                hierarchy.add(pair)
                if reversed_rows:
                    report.skip("parent-child edge whose direction is not known", f"row {n:,}")
                    continue
                kept = True
            else:
                kept = x < y
            if not known.first:
                unmatched[relation] += hash((x, y)) if kept else -hash((y, x))
            if not kept:
                continue
            for number, name_id, kind, name, origin in (
                (x_number, x_id, x_type, x_name, x_source),
                (y_number, y_id, y_type, y_name, y_source),
            ):
                if number not in ids:
                    node_id = ids[number] = _node_id(name_id, origin)
                    if not node_id or kind not in _KINDS or not name:
                        ids[number] = ""
                        report.skip("node without a known type, a known source and a name", f"{kind}, {origin}")
                        continue
                    yield Node(node_id, name, _KINDS[kind], source)
                    if origin == _GROUPED:
                        for member in name_id.split("_"):
                            yield Edge(_node_id(member, "MONDO"), "grouped_in", node_id, source)
            subject, object_ = ids[x_number], ids[y_number]
            if known.first == "parent":
                subject, object_ = object_, subject
            if not subject or not object_:
                report.skip("edge of a node that was left out", relation)
            elif subject != object_:
                yield Edge(subject, predicate, object_, source, known.negated, basis=label)
        if not n:
            raise DamagedFile(f"{path}: a heading without rows; the file is cut")
        if torn := sorted(relation for relation, difference in unmatched.items() if difference):
            raise DamagedFile(
                f"{path}: not every edge stands in both directions ({', '.join(torn)}); it is cut or altered, fetch it "
                f"again"
            )

    def release(self) -> str:
        return ""


def _node_id(identifier: str, origin: str) -> str:
    """A node's id; empty where its source is not known.

    >>> _node_id("8019", "MONDO"), _node_id("1200_1134_15512", "MONDO_grouped"), _node_id("9796", "NCBI")
    ('MONDO:0008019', 'MONDO_grouped:1200', 'NCBIGene:9796')
    """
    if origin == _GROUPED:
        return f"{_GROUPED}:{identifier.partition('_')[0]}"
    if origin not in _PREFIXES or not identifier:
        return ""
    prefix, digits = _PREFIXES[origin]
    return prefix + identifier.zfill(digits)


COMPONENT: type[Knowledge] = PrimeKG
