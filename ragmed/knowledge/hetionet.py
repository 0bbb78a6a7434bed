"""Hetionet v1.0: an integrative network of biology and medicine, from 29 public resources.

Source: Himmelstein et al. 2017, "Systematic integration of biomedical knowledge prioritizes drugs for repurposing"
(eLife 6:e26726); https://github.com/hetio/hetionet, in either of its forms, plain or packed:

- TSV: ``nodes`` (columns id, name, kind) and ``edges`` (source, metaedge, target), ids as ``Gene::9021``.
- JSON: ``json``, one object with the lists ``nodes`` and ``edges``; it alone has what a statement rests on. It is read
  item by item, in memory bounded by the longest item.

What the 24 kinds of edges say is in the release's ``describe/definitions.json``: DpS, DlA and DrD are co-occurrences in
MEDLINE, CtD and CpD are PharmacotherapyDB's. Edges that name a direction against their meaning are turned: the class
includes the compound, but the compound is ``member_of`` the class. ``basis`` are the resources a statement comes from,
and "unbiased" where Hetionet says that it was found without regard to what is already known of its nodes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ragmed.errors import DamagedFile
from ragmed.knowledge._text import opened, table
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Name, Node, NodeKind

BLOCK = 1 << 20
"""Characters read at a time from the JSON form."""
MAX_ITEM = 1 << 24
"""Characters of an item of the JSON form at most."""

_KINDS: Mapping[str, tuple[str, NodeKind]] = {
    "Anatomy": ("", "anatomy"),
    "Biological Process": ("", "other"),
    "Cellular Component": ("", "other"),
    "Compound": ("DrugBank:", "drug"),
    "Disease": ("", "disease"),
    "Gene": ("NCBIGene:", "gene"),
    "Molecular Function": ("", "other"),
    "Pathway": ("Hetionet:", "other"),
    "Pharmacologic Class": ("NDFRT:", "other"),
    "Side Effect": ("UMLS:", "finding"),
    "Symptom": ("MESH:", "finding"),
}
"""Kind of node → prefix of its ids (empty: they have one), and ours."""
_METAEDGES: Mapping[str, tuple[str, bool]] = {
    "AdG": ("underexpressed_in", True),
    "AeG": ("expressed_in", True),
    "AuG": ("overexpressed_in", True),
    "CbG": ("binds", False),
    "CcSE": ("causes", False),
    "CdG": ("downregulates", False),
    "CpD": ("relieves", False),
    "CrC": ("resembles", False),
    "CtD": ("treats", False),
    "CuG": ("upregulates", False),
    "DaG": ("associated_with", False),
    "DdG": ("underexpressed_in", True),
    "DlA": ("located_in", False),
    "DpS": ("has_finding", False),
    "DrD": ("resembles", False),
    "DuG": ("overexpressed_in", True),
    "GcG": ("covaries_with", False),
    "GiG": ("interacts_with", False),
    "GpBP": ("participates_in", False),
    "GpCC": ("participates_in", False),
    "GpMF": ("participates_in", False),
    "GpPW": ("participates_in", False),
    "Gr>G": ("regulates", False),
    "PCiC": ("member_of", True),
}
"""Kind of edge → predicate, and whether the target is its subject."""
_SHORT = {
    "Anatomy": "A",
    "Biological Process": "BP",
    "Cellular Component": "CC",
    "Compound": "C",
    "Disease": "D",
    "Gene": "G",
    "Molecular Function": "MF",
    "Pathway": "PW",
    "Pharmacologic Class": "PC",
    "Side Effect": "SE",
    "Symptom": "S",
    "associates": "a",
    "binds": "b",
    "causes": "c",
    "covaries": "c",
    "downregulates": "d",
    "expresses": "e",
    "includes": "i",
    "interacts": "i",
    "localizes": "l",
    "palliates": "p",
    "participates": "p",
    "presents": "p",
    "regulates": "r",
    "resembles": "r",
    "treats": "t",
    "upregulates": "u",
}
"""The release's own abbreviations, of which the names of edges are made."""
_ITEMS = ("nodes", "edges")
_VERSION = re.compile(r"-v(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Hetionet:
    """Nodes, then edges, in the order of the files."""

    files: Mapping[str, Path]
    source: str = "hetionet"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Edge]:
        return self._of_json(self.files["json"]) if "json" in self.files else self._of_tables()

    def release(self) -> str:
        """The version that the file's name states, as ``"1.0"``."""
        path = self.files["json"] if "json" in self.files else self.files["nodes"]
        version = _VERSION.search(path.name)
        return version[1] if version else ""

    def _of_tables(self) -> Iterator[Node | Edge]:
        nodes = edges = 0
        for node_id, name, kind in table(self.files["nodes"], ("id", "name", "kind")):
            nodes += 1
            node = self._node(kind, node_id.partition("::")[2], name, {}, node_id)
            if node is not None:
                yield node
        for source, metaedge, target in table(self.files["edges"], ("source", "metaedge", "target")):
            edges += 1
            edge = self._edge(source.split("::", 1), metaedge, target.split("::", 1), {})
            if edge is not None:
                yield edge
        for name, n in (("nodes", nodes), ("edges", edges)):
            if not n:
                raise DamagedFile(f"{self.files[name]}: a heading without rows; the file is cut")

    def _of_json(self, path: Path) -> Iterator[Node | Edge]:
        found = dict.fromkeys(_ITEMS, 0)
        with opened(path) as file:
            for key, item in _items(file, path):
                if key not in found:
                    continue
                found[key] += 1
                where = f"{key}, item {found[key]:,}"
                if not isinstance(item, dict):
                    self.report.skip("not an object", where)
                    continue
                data = item.get("data") if isinstance(item.get("data"), dict) else {}
                fact = self._json_node(item, data, where) if key == "nodes" else self._json_edge(item, data, where)
                if fact is not None:
                    yield fact
        missing = [key for key in _ITEMS if not found[key]]
        if missing:
            raise DamagedFile(f"{path}: has no {' and no '.join(missing)}; it is not Hetionet's JSON")

    def _json_node(self, item: Mapping[str, Any], data: Any, where: str) -> Node | None:
        return self._node(_text(item.get("kind")), _text(item.get("identifier")), _text(item.get("name")), data, where)

    def _json_edge(self, item: Mapping[str, Any], data: Any, where: str) -> Edge | None:
        source, target = _end(item.get("source_id")), _end(item.get("target_id"))
        verb = _SHORT.get(_text(item.get("kind")), "")
        if len(source) != 2 or len(target) != 2 or not verb:
            self.report.skip("edge without two ends and a kind", where)
            return None
        arrow = ">" if item.get("direction") == "forward" else ""
        metaedge = f"{_SHORT.get(source[0], '?')}{verb}{arrow}{_SHORT.get(target[0], '?')}"
        return self._edge(source, metaedge, target, data)

    def _node(self, kind: str, identifier: str, name: str, data: Mapping[str, Any], where: str) -> Node | None:
        if kind not in _KINDS or not identifier or not name:
            self.report.skip("node without a known kind, an id and a name", where)
            return None
        prefix, ours = _KINDS[kind]
        description = _text(data.get("description"))
        symbol = kind == "Gene"
        mesh = _text(data.get("mesh_id"))
        url = _text(data.get("url"))
        return Node(
            node_id=prefix + identifier,
            name=name,
            kind=ours,
            source=self.source,
            names=(Name(description, "synonym"),) if symbol and description not in ("", name) else (),
            definition="" if symbol else description,
            url=url if url.startswith(("https://", "http://")) else "",
            same_as=(f"MESH:{mesh}",) if mesh else (),
        )

    def _edge(self, source: list[str], metaedge: str, target: list[str], data: Mapping[str, Any]) -> Edge | None:
        known = _METAEDGES.get(metaedge)
        if known is None or len(source) != 2 or len(target) != 2:
            self.report.skip("edge of an unknown kind", f"{'::'.join(source)} {metaedge} {'::'.join(target)}")
            return None
        predicate, turned = known
        ends = [_KINDS[kind][0] + identifier if kind in _KINDS else "" for kind, identifier in (source, target)]
        if not all(ends):
            self.report.skip("edge between unknown kinds", f"{'::'.join(source)} {metaedge} {'::'.join(target)}")
            return None
        if not data:
            return Edge(ends[turned], predicate, ends[not turned], self.source)
        basis = [_text(value) for value in (*_list(data.get("sources")), data.get("source"))]
        basis.append("unbiased" if data.get("unbiased") is True else "")
        return Edge(
            ends[turned],
            predicate,
            ends[not turned],
            self.source,
            evidence=tuple(f"PMID:{pmid}" for value in _list(data.get("pubmed_ids")) if (pmid := _text(value))),
            basis="; ".join(filter(None, basis)),
        )


def _items(file: IO[str], path: Path) -> Iterator[tuple[str, Any]]:
    """The items of the lists of a JSON object, each with the list's key, and its other values. Raises `DamagedFile`."""
    text = _Text(file, path)
    text.take("{")
    while not text.is_next("}"):
        key = text.value()
        text.take(":")
        if text.is_next("["):
            text.take("[")
            while not text.is_next("]"):
                yield key, text.value()
                if not text.is_next("]"):
                    text.take(",")
            text.take("]")
        else:
            yield key, text.value()
        if not text.is_next("}"):
            text.take(",")


class _Text:
    """JSON text, of which no more is held than the value that is being read."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file, self._path = file, path
        self._decode = json.JSONDecoder().raw_decode
        self._held, self._at = "", 0

    def is_next(self, character: str) -> bool:
        while True:
            while self._at < len(self._held) and self._held[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._held):
                return self._held[self._at] == character
            if not self._more():
                raise DamagedFile(f"{self._path}: ends within its object; fetch it again")

    def take(self, character: str) -> None:
        if not self.is_next(character):
            found = self._held[self._at : self._at + 20]
            raise DamagedFile(f"{self._path}: not the JSON that is expected: {found!r} instead of {character!r}")
        self._at += 1

    def value(self) -> Any:
        self.is_next("")
        while True:
            try:
                value, end = self._decode(self._held, self._at)
                if end < len(self._held):  # a number may go on in the next block
                    self._at = end
                    return value
            except (ValueError, RecursionError) as error:
                if len(self._held) - self._at > MAX_ITEM or isinstance(error, RecursionError):
                    raise DamagedFile(
                        f"{self._path}: not JSON, or an item longer than {MAX_ITEM:,}: {error}"
                    ) from error
            if not self._more():
                raise DamagedFile(f"{self._path}: ends within a value, or is not JSON; fetch it again")

    def _more(self) -> bool:
        block = self._file.read(BLOCK)
        self._held, self._at = self._held[self._at :] + block, 0
        return bool(block)


def _end(value: object) -> list[str]:
    return [_text(part) for part in _list(value)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


COMPONENT: type[Knowledge] = Hetionet
