"""The Medical Subject Headings: descriptors, and which stands below which.

Source: U.S. National Library of Medicine, https://www.nlm.nih.gov/databases/download/mesh.html, ``desc2025.xml`` or
``d2025.bin``. A descriptor stands below that of its tree number without the last part (``C14.907`` for
``C14.907.489``). That makes it a kind of it, except in the trees A (anatomy) and Z (places), where a finger stands
below the hand: there it is ``narrower_than`` it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.analysis.vocabulary_mesh import read_descriptors
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Node, NodeKind

_SOURCE = "mesh"
_RELEASE = re.compile(rb"nlmdescriptorrecordset_(\d{4})\d{4}\.dtd")
_KINDS: tuple[tuple[tuple[str, ...], NodeKind], ...] = (
    (("C23.888",), "finding"),
    (("F03", *(f"C{number:02}" for number in range(1, 23)), "C24", "C25", "C26"), "disease"),
    (("C23",), "finding"),
    (("D",), "drug"),
    (("A",), "anatomy"),
    (("E",), "procedure"),
)
"""How tree numbers begin → the kind of a descriptor with such a one; the first that fits holds."""


@dataclass(frozen=True)
class MeSH:
    """Descriptors in the order of the file, ``descriptors``, then their edges. Only edges are held in memory."""

    files: Mapping[str, Path]
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Edge]:
        places: dict[str, str] = {}
        for descriptor in read_descriptors(self.files["descriptors"]):
            identifier = descriptor.identifier
            yield Node(
                node_id=identifier,
                name=descriptor.names[0].text,
                kind=_kind(descriptor.trees),
                source=_SOURCE,
                names=tuple({name.text: name for name in reversed(descriptor.names[1:])}.values())[::-1],
                definition=descriptor.definition,
                url=f"https://meshb.nlm.nih.gov/record/ui?ui={identifier.removeprefix('MESH:')}",
            )
            for tree in descriptor.trees:
                if places.setdefault(tree, identifier) != identifier:
                    self.report.note("tree number of several descriptors", f"{tree} {identifier}")
        given: set[tuple[str, str, str]] = set()
        for tree, identifier in places.items():
            above, dot, _ = tree.rpartition(".")
            predicate = "narrower_than" if tree.startswith(("A", "Z")) else "is_a"
            if dot and above not in places:
                self.report.skip("tree number without one above it", f"{tree} {identifier}")
            elif dot and (identifier, predicate, places[above]) not in given:
                given.add((identifier, predicate, places[above]))
                yield Edge(identifier, predicate, places[above], _SOURCE)

    def release(self) -> str:
        """The year that the XML file's document type names; empty where it names none."""
        with self.files["descriptors"].open("rb") as file:
            match = _RELEASE.search(file.read(2000))
        return match[1].decode() if match else ""


def _kind(trees: Sequence[str]) -> NodeKind:
    """By the tree numbers: signs and symptoms, diseases, other pathological conditions, chemicals and so on.

    >>> _kind(["C10.597.617", "C23.888.592"]), _kind(["C14.280.067", "C23.550.073"]), _kind(["C23.550.288"])
    ('finding', 'disease', 'finding')
    >>> _kind(["D03.383"]), _kind(["A01.378"]), _kind(["E01.370"]), _kind(["Z01.542"])
    ('drug', 'anatomy', 'procedure', 'other')
    """
    return next((kind for starts, kind in _KINDS if any(tree.startswith(starts) for tree in trees)), "other")


COMPONENT: type[Knowledge] = MeSH
