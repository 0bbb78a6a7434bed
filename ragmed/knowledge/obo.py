"""An ontology in the OBO format: MONDO, the Disease Ontology and their like.

Source: OBO Flat File Format 1.4, https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html, as the members of
the OBO Foundry publish it (Jackson et al. 2021, "OBO Foundry in 2021", Database, doi:10.1093/database/baab069). Pages
are the permanent addresses of its identifier policy (https://obofoundry.org/id-policy). Only what stands in the file
is said: nothing is inferred from logical definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.analysis.obo import read_obo, read_release
from ragmed.knowledge._obo import obo_facts
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Node, NodeKind, Retired

_FOUNDRY_ID = re.compile(r"([A-Za-z][A-Za-z_]*):(\d+)\Z")


@dataclass(frozen=True)
class OBO:
    """Terms with their edges in the order of the file, then the ids that they had before.

    ``source`` names the ontology (``"mondo"``); ``kind`` is that of its terms; ``prefixes`` are those of the ids to
    keep (``["MONDO"]``; none given: all), for a file may hold terms of other ontologies too. The file is ``ontology``.
    """

    files: Mapping[str, Path]
    source: str = "obo"
    kind: NodeKind = "disease"
    prefixes: tuple[str, ...] = ()
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Retired | Edge]:
        ontology = read_obo(self.files["ontology"])
        yield from obo_facts(ontology, self.source, lambda _: self.kind, _page_of, self.report, self.prefixes)

    def release(self) -> str:
        return read_release(self.files["ontology"])


def _page_of(identifier: str) -> str:
    """The permanent address of a term.

    >>> _page_of("MONDO:0007947")
    'http://purl.obolibrary.org/obo/MONDO_0007947'
    """
    match = _FOUNDRY_ID.match(identifier)
    return f"http://purl.obolibrary.org/obo/{match[1]}_{match[2]}" if match else ""


COMPONENT: type[Knowledge] = OBO
