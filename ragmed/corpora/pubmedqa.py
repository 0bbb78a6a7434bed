"""PubMedQA's 1,000 expert-labelled questions, read as a corpus: the abstracts, without the questions.

Source: Jin et al. 2019, "PubMedQA: A Dataset for Biomedical Research Question Answering" (EMNLP);
format of ``ori_pqal.json``: PMID → QUESTION, CONTEXTS, LABELS, LONG_ANSWER, MESHES, YEAR. The question is
the article's title turned into a question: a document that held it would answer itself, so documents have
no title. The long answer is the abstract's conclusion and stands last, as in PubMed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragmed.errors import DamagedFile
from ragmed.protocols import Corpus
from ragmed.types import Document


@dataclass(frozen=True)
class PubMedQA:
    """The abstracts of ``ori_pqal.json``."""

    files: Mapping[str, Path]
    licence: str = ""

    def documents(self) -> Iterator[Document]:
        path = self.files["ori_pqal"]
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise DamagedFile(f"{path}: not valid JSON, the file is cut or altered: {error}") from error
        if not isinstance(table, dict):
            raise DamagedFile(f"{path}: not in PubMedQA's format: {type(table).__name__} instead of PMID → entry")
        for pmid, entry in table.items():
            try:
                document = self._document(pmid, entry)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DamagedFile(
                    f"{path}: entry {pmid!r} is not in PubMedQA's format ({type(error).__name__}: {error})"
                ) from error
            yield document

    def release(self) -> str:
        return ""

    def _document(self, pmid: str, entry: Mapping[str, Any]) -> Document:
        sections = [*zip(entry["LABELS"], entry["CONTEXTS"], strict=True), ("CONCLUSIONS", entry["LONG_ANSWER"])]
        return Document(
            doc_id=f"PMID:{pmid}",
            title="",
            text="\n".join(f"{label}: {' '.join(text.split())}" for label, text in sections),
            source="pubmedqa",
            url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
            licence=self.licence,
            published=str(entry.get("YEAR") or ""),
            kind="abstract",
            meta={"mesh": "; ".join(entry.get("MESHES") or ())},
        )


COMPONENT: type[Corpus] = PubMedQA
