"""Triples as JSON lines, ragmed's own format: what extraction from texts writes, and what can be written by hand.

Each line is an object (plain or packed with gzip; blank lines are read over)::

    {"subject": "DrugBank:DB00945", "subject_name": "aspirin", "subject_kind": "drug", "predicate": "relieves",
     "object": "headache", "object_kind": "finding", "evidence": ["PMID:123"], "date": "2024-05", "confidence": 0.8,
     "quote": "Aspirin relieved headache.", "method": "patterns"}

``subject``, ``predicate``, ``object`` (text, required)
    A subject or object is a compact id (``"HP:0001250"``: a prefix, a colon, no space) or else a name. A name becomes
    the id ``name:`` with its words in small letters joined by ``_``, so that one name is one node in all lines and all
    files. The predicate is written in small letters, its words joined by ``_`` (``"is a"`` is ``is_a``).
``subject_name``, ``object_name`` (text)
    A node is made for each name, and for each id that has one here. An id without a name is one of another source of
    the graph.
``subject_kind``, ``object_kind`` (text)
    A `ragmed.types.NodeKind`; ``other`` where it is not given. The first that is given for an id holds.
``evidence`` (list of text)
    Ids of passages or publications (``"PMID:20301510"``).
``date`` (text)
    Of the statement: ``"2024"``, ``"2024-05"`` or ``"2024-05-31"``.
``confidence``, ``frequency`` (number, 0–1)
    As in `ragmed.types.Edge`.
``quote``, ``method`` (text)
    The words that say it; how it was come by (the edge's ``basis``).
``negated`` (true or false)
    The source says that it is not so.

A line that breaks any of this is left out and counted, with its number; another key is noted and not read. A file
without a single triple is a `DamagedFile`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from ragmed.errors import DamagedFile
from ragmed.json_lines import MAX_LINE_BYTES, lines, text_of
from ragmed.knowledge._identifiers import compact
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Node, NodeKind

_KINDS: tuple[NodeKind, ...] = get_args(NodeKind)
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?\Z")
_PREDICATE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_WORDS = re.compile(r"[\W_]+")
_TEXTS = ("subject", "predicate", "object", "subject_name", "object_name", "subject_kind", "object_kind", "quote",
          "method", "date")  # fmt: skip
_SHARES = ("confidence", "frequency")
_KEYS = frozenset({*_TEXTS, *_SHARES, "evidence", "negated"})


@dataclass(frozen=True)
class Triples:
    """The statements of each file, in the order of the files' names, each node before the first that names it."""

    files: Mapping[str, Path]
    source: str = "triples"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Edge]:
        made: set[tuple[str, str]] = set()
        for file in sorted(self.files):
            n = 0
            for row in self._rows(self.files[file]):
                n += 1
                for end in ("subject", "object"):
                    node_id, name = _named(row, end)
                    if name and (node_id, name) not in made:
                        made.add((node_id, name))
                        yield Node(node_id, name, _kind(row, end), self.source)
                yield self._edge(row)
            if not n:
                raise DamagedFile(f"{self.files[file]}: holds no triple; see the format in ragmed.knowledge.triples")

    def release(self) -> str:
        return ""

    def _rows(self, path: Path) -> Iterator[Mapping[str, Any]]:
        """The lines that hold a triple. Raises `DamagedFile` where the last one is cut."""
        for number, line in lines(path):
            where = f"{path.name}, line {number:,}"
            try:
                row = json.loads(line) if len(line) <= MAX_LINE_BYTES else None
            except (ValueError, RecursionError) as error:
                if not line.endswith(b"\n"):
                    raise DamagedFile(f"{path}, line {number:,}: not JSON; the file is cut within it") from error
                row = None
            if not isinstance(row, dict):
                self.report.skip("not a JSON object", where)
            elif fault := _fault(row):
                self.report.skip(fault, where)
            else:
                for key in sorted(row.keys() - _KEYS):
                    self.report.note("key that is not read", f"{where}: {key}")
                yield row

    def _edge(self, row: Mapping[str, Any]) -> Edge:
        return Edge(
            subject=_named(row, "subject")[0],
            predicate=_joined(row["predicate"]),
            object=_named(row, "object")[0],
            source=self.source,
            negated=row.get("negated") is True,
            frequency=float(row["frequency"]) if row.get("frequency") is not None else None,
            evidence=tuple(text_of(value).strip() for value in row.get("evidence") or ()),
            basis=text_of(row.get("method")).strip(),
            date=text_of(row.get("date")).strip(),
            confidence=float(row["confidence"]) if row.get("confidence") is not None else 1.0,
            quote=text_of(row.get("quote")).strip(),
        )


def _fault(row: Mapping[str, Any]) -> str:
    """Why a line is left out; empty where it is not."""
    given = {key: value for key, value in row.items() if value is not None}
    if any(not isinstance(given[key], str) for key in _TEXTS if key in given):
        return "a value that should be a text is none"
    if any(not _joined(given.get(key, "")) for key in ("subject", "object")):
        return "no subject or no object"
    if not _PREDICATE.match(_joined(given.get("predicate", ""))):
        return "predicate is not a verb in letters of a to z"
    if any(given.get(f"{end}_kind") and given[f"{end}_kind"] not in _KINDS for end in ("subject", "object")):
        return f"a kind that is none of {', '.join(_KINDS)}"
    if any(not _is_share(given[key]) for key in _SHARES if key in given):
        return "confidence or frequency is not a number from 0 to 1"
    if not isinstance(given.get("negated", False), bool):
        return "negated is neither true nor false"
    evidence = given.get("evidence", [])
    if not isinstance(evidence, list) or any(not isinstance(value, str) or not value.strip() for value in evidence):
        return "evidence is not a list of ids"
    if given.get("date") and not _DATE.match(given["date"].strip()):
        return "date is not as 2024, 2024-05 or 2024-05-31"
    return ""


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _named(row: Mapping[str, Any], end: str) -> tuple[str, str]:
    """The id of a subject or object, and the name it is given; empty where it has none here."""
    stated = " ".join(text_of(row[end]).split())
    name = " ".join(text_of(row.get(f"{end}_name")).split())
    node_id = compact(stated)
    return (node_id, name) if node_id else (f"name:{_joined(stated)}", name or stated)


def _kind(row: Mapping[str, Any], end: str) -> NodeKind:
    return next((kind for kind in _KINDS if kind == row.get(f"{end}_kind")), "other")


def _joined(text: str) -> str:
    """A text's words in small letters, joined.

    >>> _joined("Is a"), _joined("Crohn's disease"), _joined("--")
    ('is_a', 'crohn_s_disease', '')
    """
    return _WORDS.sub("_", text_of(text).casefold()).strip("_")


COMPONENT: type[Knowledge] = Triples
