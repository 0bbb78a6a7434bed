"""The terms of an OBO file as facts of a graph.

A cross reference (``xref``) says that another source has the term or something near it. MONDO says which, by codes
among the sources of the reference (editors' guide, "Axiom annotations", https://mondo.readthedocs.io/). In a file with
such codes only what they call equivalent is the same; what they call near is ``related_to`` the term, and the code is
the edge's basis; other references are left out. In a file without, a reference is the same. Either way, what several
terms are said to be the same as is only near each of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ragmed.analysis.obo import Ontology, Reference, Term, names_of
from ragmed.knowledge._identifiers import compact
from ragmed.report import Report
from ragmed.types import Edge, Node, NodeKind, Retired

_SAME = frozenset({"MONDO:equivalentTo", "MONDO:equivalentObsolete"})
_NEAR = (
    "MONDO:mondoIsNarrowerThanSource",
    "MONDO:mondoIsBroaderThanSource",
    "MONDO:directSiblingOf",
    "MONDO:relatedTo",
)
_PREDICATE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
_USUAL = {"disease_has_location": "located_in"}
"""Relations of ontologies that go by another name in a graph."""


def obo_facts(
    ontology: Ontology,
    source: str,
    kind_of: Callable[[str], NodeKind],
    url_of: Callable[[str], str],
    report: Report,
    prefixes: Collection[str] = (),
) -> Iterator[Node | Retired | Edge]:
    """For each term, in the file's order, its node and its edges, or what became of it; then the ids that it had.

    ``prefixes``: those of the terms to keep; where there are none, all.
    """
    kept = [term for term in ontology.terms.values() if _is_kept(term, prefixes, report)]
    current = [term for term in kept if not term.obsolete]
    meanings = _Meanings(current)
    owners: dict[str, list[str]] = {}
    for term in current:
        for former in term.former_ids:
            owners.setdefault(former, []).append(term.identifier)
    for term in kept:
        if term.obsolete:
            yield _retired(term, owners.get(term.identifier, ()))
            continue
        same, near = meanings.of(term, report)
        yield Node(
            node_id=term.identifier,
            name=term.name,
            kind=kind_of(term.identifier),
            source=source,
            names=tuple({name.text: name for name in reversed(names_of(term)) if name.text != term.name}.values())[
                ::-1
            ],
            definition=term.definition,
            url=url_of(term.identifier),
            same_as=same,
        )
        for parent in term.parents:
            yield Edge(term.identifier, "is_a", parent, source)
        for relation, other in term.relationships:
            predicate = _predicate(relation, ontology)
            if predicate:
                yield Edge(term.identifier, predicate, other, source)
            else:
                report.skip("relation that has no name", f"{term.identifier} {relation}")
        for other, code in near:
            yield Edge(term.identifier, "related_to", other, source, basis=code)
    yield from _former(owners, ontology, report)


class _Meanings:
    """What the cross references of a file's terms mean."""

    def __init__(self, terms: Collection[Term]) -> None:
        references = [reference for term in terms for reference in term.references]
        self._has_codes = any(_SAME.intersection(reference.sources) for reference in references)
        self._shared = Counter(
            other for term in terms for other in {compact(r.identifier) for r in term.references if self._is_same(r)}
        )

    def of(self, term: Term, report: Report) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
        """The ids of the same concept; and those of near ones, each with the code that says so."""
        same: dict[str, None] = {}
        near: dict[str, str] = {}
        for reference in term.references:
            other = compact(reference.identifier)
            code = next((code for code in _NEAR if code in reference.sources), "")
            if not other:
                report.note("cross reference that is no concept's id", f"{term.identifier} {reference.identifier}")
            elif self._is_same(reference) and self._shared[other] == 1:
                same[other] = None
            elif self._is_same(reference):
                report.note("cross reference of several terms, taken as near", f"{term.identifier} {other}")
                near[other] = ""
            elif code:
                near[other] = code
            else:
                report.note("cross reference that is not said to be equivalent", f"{term.identifier} {other}")
        return tuple(same), [(other, code) for other, code in near.items() if other not in same]

    def _is_same(self, reference: Reference) -> bool:
        return not self._has_codes or not _SAME.isdisjoint(reference.sources)


def _is_kept(term: Term, prefixes: Collection[str], report: Report) -> bool:
    prefix, colon, _ = term.identifier.partition(":")
    if prefixes and prefix not in prefixes:
        report.skip("term of another ontology", term.identifier)
    elif not colon or not term.identifier[len(prefix) + 1 :]:
        report.skip("term whose id has no prefix", term.identifier)
    elif not term.name and not term.obsolete:
        report.skip("term without a name", term.identifier)
    else:
        return True
    return False


def _retired(term: Term, owners: Sequence[str]) -> Retired:
    """An obsolete term. ``owners`` are those that have its id as a former one: one of them, where it names none."""
    following = term.replaced_by or owners
    one = following[0] if len(following) == 1 else ""
    others = dict.fromkeys((*(() if one else following), *term.consider))
    return Retired(term.identifier, term.name.removeprefix("obsolete "), one, tuple(others))


def _former(owners: Mapping[str, Sequence[str]], ontology: Ontology, report: Report) -> Iterator[Retired]:
    """The ids that terms had before, without those that are terms themselves."""
    for former, current in owners.items():
        if former in ontology.terms:
            if not ontology.terms[former].obsolete:
                report.note("former id that is in use", f"{former} of {', '.join(current)}")
        elif len(current) == 1:
            yield Retired(former, replaced_by=current[0])
        else:
            report.note("former id of several terms", f"{former}: {', '.join(current)}")
            yield Retired(former, consider=tuple(current))


def _predicate(relation: str, ontology: Ontology) -> str:
    """The verb of a relation: its id where that is one, else what the file calls it; empty where neither can serve."""
    for words in (relation, ontology.relations.get(relation, "").casefold().replace(" ", "_").replace("-", "_")):
        if _PREDICATE.match(words):
            return _USUAL.get(words, words)
    return ""
