"""The UMLS Metathesaurus, for those with a licence: concepts, their names in many vocabularies, and how they relate.

Source: National Library of Medicine, UMLS Reference Manual, "Metathesaurus - Rich Release Format"
(https://www.ncbi.nlm.nih.gov/books/NBK9685/): files of a release's folder ``META``, plain or packed with gzip. A line
is a row, each of its columns is closed by ``|``; there are no escapes. Read by the columns' places (the first is 0):

- ``MRCONSO.RRF`` 0 CUI, 1 LAT, 2 TS, 4 STT, 6 ISPREF, 11 SAB, 12 TTY, 13 CODE, 14 STR, 16 SUPPRESS. A concept's name is
  the preferred one of its first language; only what is not suppressed (N) is read.
- ``MRSTY.RRF`` 0 CUI, 1 TUI: semantic types, which decide the kind of node.
- ``MRREL.RRF`` 0 CUI1, 3 REL, 4 CUI2, 7 RELA, 10 SAB, 14 SUPPRESS. REL and RELA are what the SECOND concept is to the
  first, so the subject is CUI2; each relationship has a row in either direction, of which one is read.
- ``MRDEF.RRF`` 0 CUI, 4 SAB, 5 DEF, 6 SUPPRESS (may be absent): the first definition.
- ``MRCUI.RRF`` 0 CUI1, 2 REL, 5 CUI2 (may be absent): retired concepts and what took their place.
- ``release.dat`` (may be absent): ``umls.release.name``.

RELA has about a thousand values. Those of ``_RELATIONS`` are read, with REL CHD and RN without a RELA as
``narrower_than`` (a vocabulary's order need not be one of kinds); others, if named in ``relations``, under their own
names; the rest is counted and left out. ``basis`` are the vocabularies and their RELA. ``same_as`` are the codes of
vocabularies whose codes are concepts, where the name is the code's own.

Memory: a byte for each possible CUI (10 MB), and the rows of one concept: the files are sorted by CUI, as they are
released; MRCONSO, MRSTY and MRDEF must be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import get_args

from ragmed.analysis.vocabulary import is_short_form
from ragmed.errors import DamagedFile
from ragmed.knowledge._text import opened
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Name, NameKind, Node, NodeKind, Retired

Row = list[str]

_WIDTHS = {"MRCONSO.RRF": 18, "MRSTY.RRF": 6, "MRREL.RRF": 16, "MRDEF.RRF": 8, "MRCUI.RRF": 7}
_CUI = re.compile(r"C\d{7}\Z")
_N_CUIS = 10_000_000
_NODE_KINDS: tuple[NodeKind, ...] = get_args(NodeKind)
_TYPES: tuple[tuple[NodeKind, frozenset[str]], ...] = (
    ("disease", frozenset(["T019", "T020", "T037", "T046", "T047", "T048", "T049", "T050", "T190", "T191"])),
    ("finding", frozenset(["T033", "T034", "T184"])),
    ("drug", frozenset(["T121", "T127", "T195", "T200"])),
    ("gene", frozenset(["T028"])),
    ("anatomy", frozenset(["T017", "T018", "T021", "T022", "T023", "T024", "T025", "T026", "T029", "T030", "T031"])),
    ("procedure", frozenset(["T058", "T059", "T060", "T061"])),
)
"""Kind → semantic types (UMLS Semantic Network, https://lhncbc.nlm.nih.gov/semanticnetwork/); the first kind holds."""
_ABBREVIATIONS = frozenset({"AB", "AA", "ACR", "MTH_ACR"})
_LAY = frozenset({"CHV", "MEDLINEPLUS"})
"""Vocabularies in patients' words."""
_CODES: Mapping[str, tuple[str, frozenset[str]]] = {
    "DRUGBANK": ("DrugBank:", frozenset({"IN"})),
    "HPO": ("", frozenset({"PT"})),
    "ICD10CM": ("ICD10CM:", frozenset({"PT", "HT"})),
    "MSH": ("MESH:", frozenset({"MH", "NM"})),
    "OMIM": ("OMIM:", frozenset({"PT"})),
    "SNOMEDCT_US": ("SNOMEDCT:", frozenset({"PT"})),
}
"""Vocabulary → prefix of its codes as ids (empty: they have one), and the term types that name what the code means."""
_RELATIONS: Mapping[str, str] = {
    "associated_with": "associated_with",
    "cause_of": "causes",
    "causative_agent_of": "causes",
    "contraindicated_with_disease": "contraindicated_in",
    "diagnoses": "diagnoses",
    "disease_excludes_finding": "has_finding",
    "disease_has_associated_anatomic_site": "located_in",
    "disease_has_finding": "has_finding",
    "disease_has_primary_anatomic_site": "located_in",
    "disease_may_have_finding": "has_finding",
    "gene_associated_with_disease": "associated_with",
    "has_active_ingredient": "has_ingredient",
    "has_contraindicated_drug": "contraindicated_in",
    "has_finding_site": "located_in",
    "has_ingredient": "has_ingredient",
    "has_inheritance_type": "inherited_as",
    "has_manifestation": "has_finding",
    "has_mechanism_of_action": "has_mechanism_of_action",
    "has_physiologic_effect": "has_physiologic_effect",
    "has_precise_ingredient": "has_ingredient",
    "induces": "causes",
    "isa": "is_a",
    "may_diagnose": "diagnoses",
    "may_prevent": "prevents",
    "may_treat": "treats",
    "part_of": "part_of",
    "treats": "treats",
}
"""RELA → predicate, with CUI2 as the subject."""
_NEGATED = frozenset({"disease_excludes_finding"})
_NARROWER = frozenset({"CHD", "RN"})
_BY_KIND = "contraindicated_in"
"""Its two labels are not used alike in all releases: the drug is the subject, whichever side it stands on."""


@dataclass(frozen=True)
class UMLS:
    """Concepts, retired concepts, then relationships, in the order of the files.

    Args:
        vocabularies: abbreviations (SAB) of those that are read, as ``("MSH", "SNOMEDCT_US")``; empty: all.
        languages: of names (LAT), the first one first; a concept without a name in any of them is left out.
        relations: further RELA to be read, each in the direction in which it is named.
    """

    files: Mapping[str, Path]
    vocabularies: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("ENG",)
    relations: tuple[str, ...] = ()
    source: str = "umls"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Retired | Edge]:
        kinds = bytearray(_N_CUIS)
        for node in self._nodes():
            kinds[_number(node.node_id)] = 1 + _NODE_KINDS.index(node.kind)
            yield node
        if "MRCUI.RRF" in self.files:
            yield from self._retired(kinds)
        for _, rows in groupby(self._rows("MRREL.RRF"), key=lambda row: row[0]):
            yield from self._edges(rows, kinds)

    def release(self) -> str:
        if "release.dat" in self.files:
            with opened(self.files["release.dat"]) as file:
                for line in file:
                    key, _, value = line.partition("=")
                    if key.strip() == "umls.release.name":
                        return value.strip()
        return ""

    def _nodes(self) -> Iterator[Node]:
        types, definitions = _Beside(self._sorted("MRSTY.RRF")), _Beside(self._sorted("MRDEF.RRF"))
        n = 0
        for cui, atoms in self._sorted("MRCONSO.RRF"):
            n += 1
            tuis = {row[1] for row in types.of(cui)}
            defined = [row[5] for row in definitions.of(cui) if row[6] == "N" and self._is_wanted(row[4])]
            kept = [a for a in atoms if a[16] == "N" and a[1] in self.languages and self._is_wanted(a[11]) and a[14]]
            if not kept:
                continue
            best = min(kept, key=lambda a: (self.languages.index(a[1]), a[2] != "P", a[4] != "PF", a[6] != "Y"))
            yield Node(
                node_id=f"UMLS:{cui}",
                name=best[14],
                kind=next((kind for kind, members in _TYPES if tuis & members), "other"),
                source=self.source,
                names=_names(best[14], kept),
                definition=defined[0] if defined else "",
                same_as=_codes(kept),
            )
        types.finish()
        definitions.finish()
        if not n:
            raise DamagedFile(f"{self.files['MRCONSO.RRF']}: holds no row; it is not MRCONSO")

    def _retired(self, kinds: bytearray) -> Iterator[Retired]:
        for cui, rows in groupby(self._rows("MRCUI.RRF"), key=lambda row: row[0]):
            others: dict[str, str] = {}
            for row in rows:
                if _CUI.match(row[5]) and kinds[int(row[5][1:])] and others.get(row[5]) != "SY":
                    others[row[5]] = row[2]
            if not others or not _CUI.match(cui) or kinds[int(cui[1:])]:
                continue
            same = [f"UMLS:{other}" for other, rel in others.items() if rel == "SY"]
            yield Retired(
                f"UMLS:{cui}",
                replaced_by=same[0] if same else "",
                consider=tuple(f"UMLS:{other}" for other in others if f"UMLS:{other}" not in same[:1]),
            )

    def _edges(self, rows: Iterator[Row], kinds: bytearray) -> Iterator[Edge]:
        found: dict[tuple[str, str, str, bool], dict[str, None]] = {}
        n_other = 0
        last = ""
        for row in rows:
            first, rel, second, rela, vocabulary = row[0], row[3], row[4], row[7], row[10]
            if first == second or not second or row[14] != "N" or not self._is_wanted(vocabulary):
                continue
            predicate = _RELATIONS.get(rela) or (rela if rela in self.relations else "")
            if not rela and rel in _NARROWER:
                predicate = "narrower_than"
            if not predicate:
                n_other += 1
                last = f"{rel} {rela}".strip()
                continue
            if not _CUI.match(first) or not _CUI.match(second):
                raise DamagedFile(f"{self.files['MRREL.RRF']}: {first!r} or {second!r} is not a CUI")
            subject, object_ = second, first
            subject_kind, object_kind = kinds[int(subject[1:])], kinds[int(object_[1:])]
            if not subject_kind or not object_kind:
                continue
            if predicate == _BY_KIND and subject_kind != _DRUG and object_kind == _DRUG:
                subject, object_ = object_, subject
            if rela == "associated_with" and subject > object_:
                continue
            edge = subject, predicate, object_, rela in _NEGATED
            found.setdefault(edge, {})[f"{vocabulary} {rela or rel}"] = None
        if n_other:
            self.report.skip("relationship of another kind, or the other direction of one that is read", last, n_other)
        for (subject, predicate, object_, negated), basis in found.items():
            yield Edge(
                f"UMLS:{subject}", predicate, f"UMLS:{object_}", self.source, negated=negated, basis="; ".join(basis)
            )

    def _is_wanted(self, vocabulary: str) -> bool:
        return not self.vocabularies or vocabulary in self.vocabularies

    def _sorted(self, name: str) -> Iterator[tuple[str, list[Row]]]:
        """Each concept with its rows. Raises `DamagedFile` where the file is not sorted."""
        if name not in self.files and name == "MRDEF.RRF":
            return
        before = ""
        for cui, rows in groupby(self._rows(name), key=lambda row: row[0]):
            if cui <= before or not _CUI.match(cui):
                raise DamagedFile(
                    f"{self.files[name]}: {cui!r} after {before!r}: not sorted by CUI, as it is released; "
                    f"sort it with: LC_ALL=C sort"
                )
            before = cui
            yield cui, list(rows)

    def _rows(self, name: str) -> Iterator[Row]:
        """The rows of a file. Raises `DamagedFile`, naming file and line."""
        path, width = self.files[name], _WIDTHS[name]
        with opened(path) as file:
            for number, line in enumerate(file, start=1):
                row = line.rstrip("\r\n").split("|")
                if len(row) != width + 1 or row[width]:
                    raise DamagedFile(
                        f"{path}, line {number:,}: not {width} columns, each closed by '|'; the line is cut or altered"
                    )
                yield row


class _Beside:
    """The rows of a sorted file, asked for in the order of another sorted file."""

    def __init__(self, groups: Iterator[tuple[str, list[Row]]]) -> None:
        self._groups = groups
        self._next = next(groups, None)

    def of(self, cui: str) -> Sequence[Row]:
        while self._next is not None and self._next[0] < cui:
            self._next = next(self._groups, None)
        return self._next[1] if self._next is not None and self._next[0] == cui else ()

    def finish(self) -> None:
        """Read the rest: it may be damaged."""
        for _ in self._groups:
            pass


_DRUG = 1 + _NODE_KINDS.index("drug")


def _names(preferred: str, atoms: Sequence[Row]) -> tuple[Name, ...]:
    """The names besides the preferred one, each once whatever its case, in the order of the file."""
    kinds: dict[str, Name] = {}
    texts = {preferred}
    for atom in atoms:
        text = atom[14]
        kind: NameKind = "synonym"
        if atom[12] in _ABBREVIATIONS or is_short_form(text):
            kind = "abbreviation"
        elif atom[11] in _LAY:
            kind = "lay"
        key = text if kind == "abbreviation" else text.casefold()
        if text not in texts and text.casefold() != preferred.casefold() and key not in kinds:
            texts.add(text)
            kinds[key] = Name(text, kind)
    return tuple(kinds.values())


def _codes(atoms: Sequence[Row]) -> tuple[str, ...]:
    codes: dict[str, None] = {}
    for atom in atoms:
        prefix, types = _CODES.get(atom[11], ("", frozenset[str]()))
        if atom[12] in types and not (atom[11] == "OMIM" and not atom[13].isdigit()):
            codes[prefix + atom[13]] = None
    return tuple(codes)


def _number(node_id: str) -> int:
    return int(node_id.removeprefix("UMLS:C"))


COMPONENT: type[Knowledge] = UMLS
