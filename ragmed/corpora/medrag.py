"""The ready-made snippets of MedRAG: textbooks, StatPearls, PubMed and Wikipedia as JSON lines.

Source: Xiong et al. 2024, "Benchmarking Retrieval-Augmented Generation for Medicine" (https://arxiv.org/abs/2402.13178);
https://huggingface.co/MedRAG: ``chunk/*.jsonl`` with ``id``, ``title``, ``content``, ``contents`` (title and content,
not read), and ``PMID`` or ``wiki_id`` where there is one. A title such as ``Aspirin -- Indications -- Fever`` names the
article and the headings above the snippet.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from ragmed.errors import DamagedFile
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document, Section

_POINTERS = (b"version https://git-lfs.github.com/spec/", b"/annex/objects/", b"../.git/annex/", b".git/annex/")
_HEADINGS = " -- "
_SURROGATES = re.compile("[\ud800-\udfff\0]")
_LAST_NUMBER = re.compile(r"_\d+\Z")


@dataclass(frozen=True)
class MedRAG:
    """One document a snippet, under the snippet's own id. ``source`` is the corpus's name.

    ``item_url`` is a snippet's address, in which ``{id}``, ``{document}`` (the id without the snippet's number),
    ``{pmid}`` and ``{wiki_id}`` are filled in; ``homepage`` stands for it where a snippet has not what it asks for.
    ``max_line_bytes``: a longer line is left out.
    """

    files: Mapping[str, Path]
    licence: str = ""
    source: str = "medrag"
    homepage: str = "https://huggingface.co/MedRAG"
    item_url: str = ""
    max_line_bytes: int = 4_000_000
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        return chain.from_iterable(map(self.documents_of, self.parts()))

    def parts(self) -> Sequence[str]:
        return sorted(self.files)

    def documents_of(self, part: str) -> Iterator[Document]:
        path = self.files[part]
        with path.open("rb") as file:
            n = 0
            while line := file.readline(self.max_line_bytes + 1):
                n += 1
                where = f"{part}, line {n:,}"
                if n == 1 and line.startswith(_POINTERS):
                    raise DamagedFile(f"{path}: a pointer to the data, not the data; get it with: git lfs pull")
                whole = line.endswith(b"\n")
                if len(line) > self.max_line_bytes:
                    self.report.skip("longer than max_line_bytes", where)
                    while line and not line.endswith(b"\n"):
                        line = file.readline(self.max_line_bytes)
                    continue
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    if not whole:
                        raise DamagedFile(f"{path}: cut within its last line; fetch it again") from error
                    self.report.skip("not JSON", where)
                    continue
                yield from self._snippet(row, where)

    def release(self) -> str:
        return ""

    def _snippet(self, row: Any, where: str) -> Iterator[Document]:
        if not isinstance(row, dict):
            self.report.skip("not a JSON object", where)
            return
        content = _text(row.get("content"))
        if not content:
            self.report.skip("no content", where)
            return
        if _SURROGATES.search(content):
            self.report.note("characters that no text may hold, replaced", where)
            content = _SURROGATES.sub("\ufffd", content)
        snippet = _text(row.get("id"))
        if not snippet:
            self.report.note("no id", where)
            snippet = f"medrag:{where}"
        title, _, headings = _SURROGATES.sub("\ufffd", _text(row.get("title"))).partition(_HEADINGS)
        if not title:
            self.report.note("no title", where)
        pmid = _text(row.get("PMID"))
        path = " > ".join(part.strip() for part in headings.split(_HEADINGS) if part.strip())
        yield Document(
            doc_id=_SURROGATES.sub("\ufffd", snippet),
            title=title.strip(),
            text=content,
            source=self.source,
            url=self._url({"id": snippet, "pmid": pmid, "wiki_id": _text(row.get("wiki_id"))}),
            licence=self.licence,
            kind="snippet",
            sections=(Section(0, path),) if path else (),
            meta={"language": "en", "pmid": pmid} if pmid else {"language": "en"},
        )

    def _url(self, values: dict[str, str]) -> str:
        values["document"] = _LAST_NUMBER.sub("", values["id"])
        asked = re.findall(r"\{(\w+)\}", self.item_url)
        if not self.item_url or not all(values.get(name) for name in asked):
            return self.homepage
        quoted = {name: urllib.parse.quote(value, safe=":", errors="replace") for name, value in values.items()}
        return re.sub(r"\{(\w+)\}", lambda match: quoted[match[1]], self.item_url)


def _text(value: object) -> str:
    """A field as text: numbers as they are written, anything else but text as nothing."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


COMPONENT: type[Corpus] = MedRAG
