"""The diagnostic knowledge graph that MedRAG was given for DDXPlus: diseases, what points to them, what is done.

Source: Zhao et al. 2025, "MedRAG: Enhancing Retrieval-augmented Generation with Knowledge Graph-Elicited Reasoning for
Healthcare Copilot" (WWW 2025; arXiv:2502.04413); https://github.com/SNOWTEAM2023/MedRAG,
``dataset/knowledge graph of DDXPlus.xlsx``: one sheet with the columns subject, relation, object. Needs the extra
``excel``.

A subject is a disease, or a group of diseases that is_a larger group; objects are texts. Most are questions of DDXPlus
with an answer, as ``"Do you feel anxious?: TRUE"``, also with answers that say no or nothing (``": N"``, ``": NA"``,
``": nowhere"``) and with several answers for one disease. They are given as they are written, each text one node, and
nothing is taken for a negation: what reads them as findings has to know that.

Relations keep their names (has_therapy, has_anamnesis, has_exposure, …) but has_symptomatology, which is
``has_finding``. Subjects whose spellings differ in underscores only are one; ``boerhaave`` and ``boerhaave_syndrome``,
``guillainbarré_syndrome`` and ``guillain_barre_syndrome`` stay two.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragmed.errors import DamagedFile, MissingExtra
from ragmed.protocols import Knowledge
from ragmed.report import Report
from ragmed.types import Edge, Node, NodeKind

MAX_FILE_BYTES = 20_000_000
MAX_UNPACKED_BYTES = 200_000_000
MAX_ROWS = 1_000_000
"""Larger files are refused; the release has 46 kB and 1,737 rows."""

_HEADING = ("subject", "relation", "object")
_PREDICATES = {"has_symptomatology": "has_finding"}
_KINDS: Mapping[str, NodeKind] = {
    "has_immunology": "finding",
    "has_psychopathology": "finding",
    "has_symptomatology": "finding",
    "has_therapy": "procedure",
}
"""Relation → kind of its objects; ``other`` for any other relation."""
_RELATION = re.compile(r"[a-z][a-z_]*\Z")
_NOT_IN_IDS = re.compile(r"[^\w]+|_+")


@dataclass(frozen=True)
class DDXPlus:
    """Statements in the order of the sheet, each node before the first of its statements."""

    files: Mapping[str, Path]
    source: str = "ddxplus"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def facts(self) -> Iterator[Node | Edge]:
        path = self.files["graph"]
        rows = list(self._rows(path))
        if not rows:
            raise DamagedFile(f"{path}: has no row below its heading; it is cut")
        diseases = {_key(subject) for subject, relation, _ in rows if relation != "is_a"}
        spellings: dict[str, set[str]] = {}
        texts: dict[str, str] = {}
        for subject, relation, text in rows:
            key, target = _key(subject), _key(text)
            known = spellings.setdefault(key, {subject})
            if subject not in known:
                known.add(subject)
                self.report.note("subject spelt in two ways, read as one", subject)
            named = [key, target] if relation == "is_a" else [key]
            for group in named:
                if group not in texts:
                    texts[group] = group
                    kind: NodeKind = "disease" if group in diseases else "other"
                    yield Node(f"DDXPlus:{group}", group.replace("_", " "), kind, self.source)
            if relation != "is_a":
                while texts.get(target, text) != text:
                    target += "_"
                if target not in texts:
                    texts[target] = text
                    yield Node(f"DDXPlus:{target}", text, _KINDS.get(relation, "other"), self.source)
            yield Edge(f"DDXPlus:{key}", _PREDICATES.get(relation, relation), f"DDXPlus:{target}", self.source)

    def release(self) -> str:
        return ""

    def _rows(self, path: Path) -> Iterator[tuple[str, str, str]]:
        for number, row in enumerate(_cells(path), start=1):
            if number > MAX_ROWS:
                raise DamagedFile(f"{path}: more than the {MAX_ROWS:,} rows that are read; it is not MedRAG's graph")
            cells = [str(cell).strip() if cell is not None else "" for cell in (*row, None, None, None)][:3]
            if number == 1:
                if tuple(cells) != _HEADING:
                    raise DamagedFile(
                        f"{path}: its columns are {', '.join(cells)!r} instead of {', '.join(_HEADING)!r}"
                    )
            elif all(cells) and _RELATION.match(cells[1]):
                yield cells[0], cells[1], cells[2]
            elif any(cells):
                self.report.skip("row without subject, relation and object", f"row {number:,}")


def _cells(path: Path) -> Iterator[tuple[Any, ...]]:
    """The rows of the first sheet of a workbook. Raises `DamagedFile`, `MissingExtra`."""
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "openpyxl", "excel") from error
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if path.stat().st_size > MAX_FILE_BYTES or unpacked > MAX_UNPACKED_BYTES:
            raise DamagedFile(f"{path}: {unpacked:,} bytes unpacked; it is not MedRAG's graph")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            yield from book.worksheets[0].iter_rows(values_only=True)
        finally:
            book.close()
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, SyntaxError, EOFError) as error:
        raise DamagedFile(f"{path}: not an Excel workbook ({error}); fetch it again") from error


def _key(text: str) -> str:
    """A text as an id.

    >>> _key("possible_nstemi__stemi"), _key("Do you feel anxious?: TRUE")
    ('possible_nstemi_stemi', 'do_you_feel_anxious_true')
    """
    return _NOT_IN_IDS.sub("_", text.casefold()).strip("_")


COMPONENT: type[Knowledge] = DDXPlus
